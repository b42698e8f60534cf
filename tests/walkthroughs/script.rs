//! A walkthrough as it is written down: Markdown with commands, what they print, and stage directions.

use std::ops::Range;

use jiff::Zoned;

/// One thing that a walkthrough does, and the line it stands in (counted from 0).
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// The clock shows this from now on.
    Clock(Zoned),
    /// The first runs a node, the others call it, until all hold the same and know it.
    Sync(Vec<String>),
    Run(Command),
}

/// A command, and what it is expected to come to.
pub(crate) struct Command {
    pub(crate) party: String,
    /// What the shell is given; the lines after the first begin with `> `.
    pub(crate) text: String,
    /// The exit code; 0 unless a line `? 3` stands below the command.
    pub(crate) code: i32,
    pub(crate) output: String,
    /// The lines that hold code and output.
    pub(crate) below: Range<usize>,
}

/// Reads a walkthrough.
///
/// A block `console` holds commands, each behind its party's name and `$ `, with what they print below; and lines
/// `# ann, bob and cy sync`. A comment `<!-- clock: 2026-07-06T10:00+01:00[Europe/London] -->` sets the clock.
pub(crate) fn read(text: &str) -> Result<Vec<Step>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut steps = Vec::new();
    let mut block: Option<&str> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let here = |why: &str| format!("line {}: {why}: {line}", at + 1);
        let mut next = at + 1;
        let what = match (block, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                block = Some(kind.trim());
                None
            }
            (Some(_), Some("")) => {
                block = None;
                None
            }
            (None, None) => {
                let comment = line.strip_prefix("<!-- clock: ").and_then(|l| l.strip_suffix(" -->"));
                comment.map(|c| c.parse().map(What::Clock).map_err(|_none| here("no time with a zone"))).transpose()?
            }
            (Some("console"), _) if !line.is_empty() => {
                if let Some(parties) = meeting(line) {
                    Some(What::Sync(parties))
                } else {
                    let command = command(&lines, at).ok_or_else(|| here("write 'ann$ command'"))?;
                    next = command.below.end;
                    Some(What::Run(command))
                }
            }
            _ => None,
        };
        steps.extend(what.map(|what| Step { line: at, what }));
        at = next;
    }
    match block {
        None => Ok(steps),
        Some(kind) => Err(format!("the last block ```{kind} has no end")),
    }
}

/// Who is brought in step in this line.
fn meeting(line: &str) -> Option<Vec<String>> {
    let (first, last) = line.strip_prefix("# ")?.strip_suffix(" sync")?.split_once(" and ")?;
    Some(first.split(", ").chain([last]).map(str::to_owned).collect())
}

/// The command that begins in this line.
fn command(lines: &[&str], at: usize) -> Option<Command> {
    let (party, first) = prompt(lines[at])?;
    let more = lines[at + 1..].iter().map_while(|l| if *l == ">" { Some("") } else { l.strip_prefix("> ") });
    let text: Vec<&str> = std::iter::once(first).chain(more).collect();
    let (from, text) = (at + text.len(), text.join("\n"));
    let mut end = from;
    let code = lines.get(end).and_then(|l| l.strip_prefix("? ")).and_then(|l| l.parse().ok());
    end += usize::from(code.is_some());
    let output_from = end;
    let inside = |line: &&str| !line.starts_with("```") && prompt(line).is_none() && meeting(line).is_none();
    end += lines[output_from..].iter().take_while(|l| inside(l)).count();
    let output: String = lines[output_from..end].iter().map(|l| format!("{l}\n")).collect();
    // Empty lines at the end only part the commands.
    let kept = output.trim_end_matches('\n').lines().count();
    let output = lines[output_from..output_from + kept].iter().map(|l| format!("{l}\n")).collect();
    let below = from..output_from + kept;
    Some(Command { party: party.to_owned(), text, code: code.unwrap_or(0), output, below })
}

fn prompt(line: &str) -> Option<(&str, &str)> {
    let (party, text) = line.split_once("$ ")?;
    let name = !party.is_empty() && party.chars().all(|c| c.is_ascii_lowercase());
    name.then_some((party, text))
}

/// The text with other outcomes below its commands.
pub(crate) fn with_outcomes(text: &str, outcomes: &[(Range<usize>, String)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut written = Vec::new();
    let mut at = 0;
    for (below, outcome) in outcomes {
        written.extend_from_slice(&lines[at..below.start]);
        written.extend(outcome.lines());
        at = below.end;
    }
    written.extend_from_slice(&lines[at..]);
    written.join("\n") + "\n"
}
