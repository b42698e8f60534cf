//! A notice on the screen of this machine, for the person whose home it is.

use std::process::{Command, Stdio};

use counterpart_process::letter::line;

/// The program that shows notices on desktops that follow freedesktop.org.
const PROGRAM: &str = "notify-send";
const MOST_TITLE: usize = 120;
const MOST_BODY: usize = 400;

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub title: String,
    pub body: String,
}

/// Shows a notice; tells whether there was something to show it with. No shell is involved, and what parties wrote is
/// neither an option nor markup. The program is left to itself.
pub fn show_notice(notice: &Notice) -> bool {
    let (title, body) = (plain(&notice.title, MOST_TITLE), plain(&notice.body, MOST_BODY));
    let mut command = Command::new(PROGRAM);
    command.args(["--app-name=Counterpart", "--", &title, &body]);
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        Ok(mut child) => {
            // Waited for aside: a desktop that hangs holds up nothing, and nothing is left behind.
            drop(std::thread::Builder::new().name("notice".to_owned()).spawn(move || drop(child.wait())));
            true
        }
        Err(_no_such_program) => false,
    }
}

/// One line without markup: these programs take the body for a small HTML.
fn plain(text: &str, most: usize) -> String {
    let swap = |c: char| match c {
        '<' => '‹',
        '>' => '›',
        '&' => '+',
        c => c,
    };
    line(text, most).chars().map(swap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_party_wrote_is_text() {
        let hostile = "-u critical\n<b>x</b> & \u{1b}[2J \u{202E}y";
        assert_eq!(plain(hostile, 99), "-u critical ‹b›x‹/b› + [2J y");
    }
}
