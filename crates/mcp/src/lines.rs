//! One message a line, and an answer to every line that is none.
//!
//! The library's own transport passes over what is no JSON without a word, and whoever sent it waits for ever.

use std::{future::Future, io, sync::Arc};

use rmcp::{
    ErrorData, RoleServer,
    model::{ClientJsonRpcMessage, ClientRequest, ErrorCode, ServerJsonRpcMessage},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::Mutex,
    task::JoinSet,
};

/// Bytes of one line that the program may send.
pub(crate) const LONGEST: usize = 1 << 20;

/// Answers to what is no message that may wait for whoever reads them.
const WAITING: usize = 16;

/// What JSON-RPC 2.0 calls no JSON, and no request.
const NO_JSON: i32 = -32700;
const NO_REQUEST: i32 = -32600;
/// The same for what a method is given.
const WRONG_PARAMS: i32 = -32602;

/// Methods that are known, with what they are given: named with anything else, the library knows them no more.
const KNOWN: &[(&str, &str)] = &[
    ("initialize", "`protocolVersion`, `capabilities` and `clientInfo`"),
    ("ping", "nothing"),
    ("tools/list", "nothing, or a `cursor`"),
    ("tools/call", "the tool's `name`, and in `arguments`, an object, what it takes"),
];

/// Bytes of a method's name that are repeated.
const LONGEST_NAME: usize = 80;

/// A program at the other end, spoken to line by line.
#[derive(Debug)]
pub(crate) struct Lines<R, W> {
    read: BufReader<R>,
    /// What came of the line that is being read: a reader that is broken off goes on here.
    line: Vec<u8>,
    /// It is too long: what is left of it is thrown away.
    too_long: bool,
    write: Arc<Mutex<Option<W>>>,
    answers: JoinSet<io::Result<()>>,
}

/// A line that was read.
#[derive(Debug, PartialEq)]
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    pub(crate) fn new(read: R, write: W) -> Self {
        Self {
            read: BufReader::new(read),
            line: Vec::new(),
            too_long: false,
            write: Arc::new(Mutex::new(Some(write))),
            answers: JoinSet::new(),
        }
    }

    /// The next line; nothing at the end. Broken off at any place, it goes on there.
    async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let come = self.read.fill_buf().await?;
            let ended = come.is_empty();
            let end = come.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(come.len(), |end| end + 1);
            let room = LONGEST.saturating_sub(self.line.len());
            if taken > room {
                self.too_long = true;
            }
            if self.too_long {
                self.line.clear();
            } else {
                self.line.extend(come.iter().take(taken));
            }
            self.read.consume(taken);
            if end.is_none() && !ended {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            return Ok(match std::mem::take(&mut self.too_long) {
                true => Some(Line::TooLong),
                // The last one may have no end.
                false if ended && line.is_empty() => None,
                false => Some(Line::Whole(line)),
            });
        }
    }

    /// Answers, whatever becomes of who asked for it.
    fn answer(&mut self, said: &Json) {
        let written = written(Arc::clone(&self.write), said.to_string());
        drop(self.answers.spawn(written));
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        mut message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if let ServerJsonRpcMessage::Error(refused) = &mut message {
            in_words(&mut refused.error);
        }
        let (write, said) = (Arc::clone(&self.write), serde_json::to_string(&message));
        async move { written(write, said?).await }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            // Whoever reads no answers gets no more of them.
            while self.answers.len() >= WAITING {
                drop(self.answers.join_next().await);
            }
            let Ok(Some(line)) = self.next().await else { break };
            match understood(&line) {
                Understood::Message(message) => return Some(*message),
                Understood::Nothing => {}
                Understood::Wrong(said) => self.answer(&said),
            }
        }
        while self.answers.join_next().await.is_some() {}
        None
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        drop(self.write.lock().await.take());
        Ok(())
    }
}

async fn written<W: AsyncWrite + Unpin>(write: Arc<Mutex<Option<W>>>, mut line: String) -> io::Result<()> {
    line.push('\n');
    let mut write = write.lock().await;
    let Some(write) = write.as_mut() else { return Err(io::ErrorKind::NotConnected.into()) };
    write.write_all(line.as_bytes()).await?;
    write.flush().await
}

/// What the library says in its own terms.
fn in_words(error: &mut ErrorData) {
    const LACKS: &str = "request _meta is missing or has malformed required fields: ";
    if error.code == ErrorCode::METHOD_NOT_FOUND {
        // The method's name is all that it says.
        let name: String = error.message.chars().take(LONGEST_NAME).collect();
        error.message = format!("'{name}' is not known here: tools are all that is offered, see tools/list").into();
    } else if let Some(lacks) = error.message.strip_prefix(LACKS) {
        error.message = format!("begin with `initialize`; a request without that says in its `_meta`: {lacks}").into();
    }
}

/// That a method which is known came with what it does not take; nothing otherwise.
fn wrong_params(json: &Json, message: Option<&ClientJsonRpcMessage>) -> Option<String> {
    let understood = match message {
        Some(ClientJsonRpcMessage::Request(request)) => !matches!(request.request, ClientRequest::CustomRequest(_)),
        Some(_) => true,
        None => json["jsonrpc"] != "2.0" || json["id"].is_null(),
    };
    if understood {
        return None;
    }
    let (name, takes) = KNOWN.iter().find(|(name, _)| json["method"] == *name)?;
    Some(format!("the `params` of {name} are not understood: it takes {takes}"))
}

/// What a line is.
enum Understood {
    Message(Box<ClientJsonRpcMessage>),
    /// It wants no answer.
    Nothing,
    /// What is answered.
    Wrong(Json),
}

fn understood(line: &Line) -> Understood {
    let wrong = |id: Json, code: i32, why: &str| {
        Understood::Wrong(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}}))
    };
    let line = match line {
        Line::Whole(line) => line.trim_ascii(),
        Line::TooLong => return wrong(Json::Null, NO_REQUEST, &format!("a line is at most {LONGEST} bytes long")),
    };
    let line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line);
    if line.is_empty() {
        return Understood::Nothing;
    }
    let Ok(json) = serde_json::from_slice::<Json>(line) else {
        return wrong(Json::Null, NO_JSON, "this line is no JSON: a message is one JSON object on a line, in UTF-8");
    };
    let message = serde_json::from_slice::<ClientJsonRpcMessage>(line).ok();
    let params = wrong_params(&json, message.as_ref());
    if let (Some(message), None) = (message, &params) {
        return Understood::Message(Box::new(message));
    }
    let Some(fields) = json.as_object() else {
        return wrong(
            Json::Null,
            NO_REQUEST,
            "a message is one JSON object on a line; several in a list are not taken",
        );
    };
    let asks = fields.get("method").is_some_and(Json::is_string);
    // What only tells something is never answered, and an answer to an answer could go on for ever.
    let tells = asks && !fields.contains_key("id");
    if tells || (!fields.contains_key("method") && (fields.contains_key("error") || fields.contains_key("result"))) {
        return Understood::Nothing;
    }
    let id = fields.get("id").filter(|id| id.is_string() || id.is_i64() || id.is_u64()).cloned().unwrap_or(Json::Null);
    match params {
        Some(why) => wrong(id, WRONG_PARAMS, &why),
        None => wrong(id, NO_REQUEST, "this is no request of JSON-RPC 2.0 as the Model Context Protocol has it"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;

    /// What is answered to these bytes by themselves, and the messages that were understood.
    async fn answered(bytes: &[u8]) -> (Vec<Json>, Vec<Json>) {
        let (ours, mut theirs): (DuplexStream, DuplexStream) = duplex(1 << 16);
        let mut lines = Lines::new(io::Cursor::new(bytes.to_vec()), ours);
        let mut understood = Vec::new();
        while let Some(message) = lines.receive().await {
            understood.push(serde_json::to_value(&message).expect("JSON"));
        }
        lines.close().await.expect("closed");
        let mut said = String::new();
        theirs.read_to_string(&mut said).await.expect("text");
        (said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(), understood)
    }

    const PING: &str = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;

    #[tokio::test]
    async fn what_is_no_message_is_answered_and_what_comes_behind_it_is_read() {
        for (line, code, id) in [
            (&b"hello"[..], NO_JSON, Json::Null),
            (b"{\"jsonrpc\":\"2.0\"", NO_JSON, Json::Null),
            (b"\xff\xfe", NO_JSON, Json::Null),
            (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", NO_JSON, Json::Null),
            (b"[]", NO_REQUEST, Json::Null),
            (b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", NO_REQUEST, Json::Null),
            (b"7", NO_REQUEST, Json::Null),
            (b"{}", NO_REQUEST, Json::Null),
            (b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":5}", NO_REQUEST, Json::Null),
            (b"{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"ping\"}", NO_REQUEST, json!(5)),
            (b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\"}", WRONG_PARAMS, json!(5)),
            (b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\",\"params\":[]}", WRONG_PARAMS, json!("a")),
            (b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"initialize\"}", WRONG_PARAMS, json!(5)),
        ] {
            let all = [line, b"\n", PING.as_bytes(), b"\r\n"].concat();
            let (answers, understood) = answered(&all).await;
            let shown = String::from_utf8_lossy(line);
            assert_eq!(answers.len(), 1, "{shown}: {answers:?}");
            assert_eq!(
                (&answers[0]["jsonrpc"], &answers[0]["error"]["code"]),
                (&json!("2.0"), &json!(code)),
                "{shown}"
            );
            assert_eq!(answers[0].get("id"), Some(&id), "{shown}: it is told, also where it is not known");
            assert_eq!(understood.len(), 1, "{shown}");
            assert_eq!(understood[0]["method"], "ping", "{shown}");
        }
    }

    #[tokio::test]
    async fn nothing_is_said_to_what_wants_no_answer() {
        for line in [
            "",
            "  \r",
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":5}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"this line is no JSON"}}"#,
            r#"{"jsonrpc":"2.0","error":5}"#,
        ] {
            let (answers, _) = answered(format!("{line}\n").as_bytes()).await;
            assert_eq!(answers, [] as [Json; 0], "{line}");
        }
    }

    #[tokio::test]
    async fn a_line_has_a_bound_and_the_last_one_needs_no_end() {
        let long = [vec![b'['; LONGEST + 1], b"\n".to_vec(), PING.as_bytes().to_vec()].concat();
        let (answers, understood) = answered(&long).await;
        assert_eq!((answers.len(), &answers[0]["error"]["code"]), (1, &json!(NO_REQUEST)), "{answers:?}");
        assert_eq!(understood.len(), 1);
        let full = [vec![b' '; LONGEST - PING.len() - 1], PING.as_bytes().to_vec(), b"\n".to_vec()].concat();
        let (answers, understood) = answered(&full).await;
        assert_eq!((answers.len(), understood.len()), (0, 1));
    }

    #[tokio::test]
    async fn however_much_comes_that_is_none_it_waits_until_the_answers_are_read() {
        let (ours, mut theirs) = duplex(64);
        let mut lines = Lines::new(io::Cursor::new(b"x\n".repeat(1_000)), ours);
        let reading = async {
            assert!(lines.receive().await.is_none());
            lines.close().await.expect("closed");
            lines.answers.len()
        };
        let mut said = Vec::new();
        let (left, read) = tokio::join!(reading, theirs.read_to_end(&mut said));
        read.expect("read");
        assert_eq!((left, said.iter().filter(|byte| **byte == b'\n').count()), (0, 1_000));
    }
}
