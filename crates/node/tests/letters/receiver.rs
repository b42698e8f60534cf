//! A mail server in a few lines, on 127.0.0.1: takes what it is given, refuses where told to, and says at which step it is
//! to whoever wants to end the sender just then.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A step of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Connected,
    Receiver,
    /// The whole message is here, and nothing was said to it yet.
    Taken,
    /// It was said that it was taken.
    Confirmed,
}

type Hook = Box<dyn FnMut(Step) -> Option<String> + Send>;

#[derive(Default)]
struct Kept {
    messages: Vec<String>,
    hook: Option<Hook>,
}

/// The server. Its thread ends with the process.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let receiver = Self { port: listener.local_addr().expect("an address").port(), kept: Arc::default() };
        let served = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                // A sender that was killed breaks off: that is what this is for.
                thread::spawn(move || drop(served.serve(&stream)));
            }
        });
        receiver
    }

    /// At each step: nothing, or what is answered instead of yes.
    pub(crate) fn at_each_step(&self, hook: impl FnMut(Step) -> Option<String> + Send + 'static) {
        self.kept.lock().expect("whole").hook = Some(Box::new(hook));
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.kept.lock().expect("whole").messages.clone()
    }

    fn step(&self, step: Step) -> Option<String> {
        let hook = self.kept.lock().expect("whole").hook.take();
        let mut hook = hook?;
        let answer = hook(step);
        let mut kept = self.kept.lock().expect("whole");
        if kept.hook.is_none() {
            kept.hook = Some(hook);
        }
        answer
    }

    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        if let Some(refusal) = self.step(Step::Connected) {
            return stream.write_all(format!("{refusal}\r\n").as_bytes());
        }
        stream.write_all(b"220 test\r\n")?;
        while let Some(line) = lines.next().transpose()? {
            let answer = match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => "250-test\r\n250 8BITMIME".to_owned(),
                "MAIL" => "250 go on".to_owned(),
                "RCPT" => self.step(Step::Receiver).unwrap_or_else(|| "250 go on".to_owned()),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n")?;
                    let mut message = String::new();
                    for line in lines.by_ref() {
                        let line = line?;
                        if line == "." {
                            break;
                        }
                        message.push_str(line.strip_prefix('.').unwrap_or(&line));
                        message.push('\n');
                    }
                    let refused = self.step(Step::Taken);
                    if refused.is_none() {
                        self.kept.lock().expect("whole").messages.push(message);
                    }
                    let answer = refused.unwrap_or_else(|| "250 taken".to_owned());
                    stream.write_all(format!("{answer}\r\n").as_bytes())?;
                    self.step(Step::Confirmed);
                    continue;
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n")?;
                    return Ok(());
                }
                _ => "250 go on".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes())?;
        }
        Ok(())
    }
}

/// A field of a message's head, unfolded.
pub(crate) fn field<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    let head = message.split("\n\n").next()?;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
}
