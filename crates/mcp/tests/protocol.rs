//! A program at the other end of the line that makes mistakes: it is told, and goes on.

use counterpart_mcp::{May, serve};
use counterpart_node::Desk;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split,
    },
    task::JoinHandle,
};

struct Program {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
    served: JoinHandle<bool>,
    _home: TempDir,
}

impl Program {
    fn begin() -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Desk::open(home.path()).expect("a home");
        let (ours, theirs) = duplex(1 << 16);
        let (read, write) = split(ours);
        let served = tokio::spawn(async move { serve(desk, May::default(), read, write).await.is_ok() });
        let (read, write) = split(theirs);
        Self { lines: BufReader::new(read).lines(), write, served, _home: home }
    }

    async fn say(&mut self, line: &[u8]) {
        self.write.write_all(&[line, b"\n"].concat()).await.expect("it reads");
    }

    async fn heard(&mut self) -> Value {
        let line = self.lines.next_line().await.expect("text").expect("an answer");
        serde_json::from_str(&line).expect("a message")
    }

    async fn ask(&mut self, id: u32, method: &str, params: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.say(message.to_string().as_bytes()).await;
        let answer = self.heard().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    async fn begun(&mut self) {
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"},
        });
        let begun = self.ask(1, "initialize", hello).await;
        assert_eq!(begun["result"]["serverInfo"]["name"], "counterpart", "{begun}");
        self.say(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    }

    async fn wrong(&mut self, line: &[u8], code: i32) {
        self.say(line).await;
        let answer = self.heard().await;
        let shown = String::from_utf8_lossy(line);
        assert_eq!(
            (&answer["error"]["code"], answer.get("id")),
            (&json!(code), Some(&Value::Null)),
            "{shown}: {answer}"
        );
    }

    async fn end(mut self) {
        self.write.shutdown().await.expect("ended");
        assert!(self.served.await.expect("no panic"), "it ended well");
    }
}

#[tokio::test]
async fn a_line_that_is_no_message_is_answered_and_the_next_one_read() {
    let mut program = Program::begin();
    program.wrong(b"hello", -32700).await;
    program.wrong(b"[]", -32600).await;
    program.begun().await;
    program.wrong(b"{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": ", -32700).await;
    program.wrong(b"\xc3\x28", -32700).await;
    program.wrong(br#"[{"jsonrpc":"2.0","id":2,"method":"tools/list"}]"#, -32600).await;
    let tools = program.ask(3, "tools/list", json!({})).await;
    assert!(tools["result"]["tools"].is_array(), "{tools}");
    program.end().await;
}

#[tokio::test]
async fn a_method_that_is_not_known_or_given_wrong_is_told_so_in_words() {
    let mut program = Program::begin();
    let early = program.ask(1, "tools/list", json!({})).await;
    let said = early["error"]["message"].as_str().expect("a message");
    assert!(said.starts_with("begin with `initialize`"), "{early}");
    program.begun().await;
    for (nth, (method, params, code, says)) in (2..).zip([
        ("tools/call", Value::Null, -32602, "the `params` of tools/call are not understood"),
        ("tools/call", json!({}), -32602, "it takes the tool's `name`"),
        ("tools/call", json!({"name": 5}), -32602, "it takes the tool's `name`"),
        ("tools/call", json!({"name": "list_cases", "arguments": []}), -32602, "in `arguments`, an object"),
        ("tools/call", json!({"name": "pay"}), -32602, "there is no such tool here"),
        ("resources/list", json!({}), -32601, "'resources/list' is not known here"),
        ("prompts/get", json!({"name": "x"}), -32601, "'prompts/get' is not known here"),
        ("cases/list", json!({}), -32601, "'cases/list' is not known here"),
    ]) {
        let answer = program.ask(nth, method, params.clone()).await;
        let error = &answer["error"];
        assert_eq!(error["code"], code, "{method} {params}: {answer}");
        assert!(error["message"].as_str().is_some_and(|said| said.contains(says)), "{method} {params}: {answer}");
    }
    program.end().await;
}

#[tokio::test]
async fn a_program_that_says_nothing_right_is_told_so_to_its_end() {
    let mut program = Program::begin();
    program.wrong(b"hello", -32700).await;
    program.end().await;
}

#[tokio::test]
async fn what_is_given_to_a_tool_is_told_wrong_by_its_place() {
    let mut program = Program::begin();
    program.begun().await;
    for (nth, (tool, given, says)) in (2..).zip([
        ("list_cases", json!({"limit": "many"}), "at /limit: a whole number"),
        ("list_cases", json!({"all": true}), "at /all: nothing is called so here"),
        ("show_case", json!({}), "`case` is missing"),
        (
            "preview_act",
            json!({"case": ".", "act": ["note", "x"]}),
            "at /act: an object is needed here, and a list came",
        ),
        ("preview_act", json!({"case": ".", "act": {"act": "note"}}), "at /act: `text` is missing"),
        ("show_case", json!({"case": "ZZZZ"}), "the tool list_cases shows them"),
    ]) {
        let answer = program.ask(nth, "tools/call", json!({"name": tool, "arguments": given})).await;
        let result = &answer["result"];
        assert_eq!(result["isError"], true, "{answer}");
        let why = result["structuredContent"]["why"]["words"].as_str().expect("words");
        assert!(why.contains(says), "{tool}: {why}");
        for word in ["struct", "variant", "expected", "counterpart "] {
            assert!(!why.contains(word), "{why}");
        }
    }
    program.end().await;
}
