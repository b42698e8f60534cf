//! Messages like those that come, each with what is to be read in it.

use counterpart_mail::{Address, Claimed, Incoming, MailError, Outgoing, ReadError};

fn read(name: &str) -> Incoming {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading/golden").join(name);
    Incoming::read(&std::fs::read(path).expect(name)).expect(name)
}

fn claimed(name: &str, email: &str) -> Claimed {
    Claimed { name: (!name.is_empty()).then(|| name.to_owned()), email: email.to_owned() }
}

#[test]
fn an_answer_with_a_quote() {
    let mail = read("answer.eml");
    assert_eq!(mail.subject, "Re: [K7F2-Q9XA-3] Washing machine: visit promised for 3 July");
    assert_eq!(mail.message_id.as_deref(), Some("CAF.1234+5@mail.acme.example"));
    assert_eq!(mail.in_reply_to, ["0123456789abcdef@example.org"]);
    assert_eq!(mail.references, ["first@example.org", "0123456789abcdef@example.org"]);
    assert_eq!(mail.from, [claimed("Dean Müller, Acme Ltd", "dean@acme.example")]);
    assert_eq!(mail.to, [claimed("Ada", "ada@example.org"), claimed("", "copy@example.org")]);
    assert_eq!(mail.date, Some(1_783_328_400_000));
    assert!(mail.text.starts_with("Dear Ada,\n\nour technician will come on Friday, 10 July – sorry for the delay."));
    assert!(mail.text.contains("> When do you come?"));
    assert!(mail.attachments.is_empty() && mail.left_out.is_empty());
}

#[test]
fn one_with_html_alone() {
    let mail = read("html.eml");
    assert_eq!(mail.subject, "Ihre Anfrage – Vorgang [#4711]");
    assert_eq!(mail.from, [claimed("Kundenservice Müller & Söhne", "noreply@mueller.example")]);
    assert!(mail.text.contains("Ihre Waschmaschine wird am Montag repariert."), "{}", mail.text);
    assert!(!mail.text.contains("color") && !mail.text.contains('<'), "{}", mail.text);
}

#[test]
fn one_with_files() {
    let mail = read("files.eml");
    assert_eq!(mail.text, "See the invoice.");
    let files: Vec<_> = mail.attachments.iter().map(|f| (f.name.as_str(), f.kind.as_str(), f.size)).collect();
    assert_eq!(
        files,
        [
            ("Résumé façade.pdf", "application/pdf", 45),
            ("a message", "message/rfc822", 63),
            ("winmail.dat", "application/ms-tnef", 12),
        ]
    );
}

#[test]
fn an_old_one_from_an_odd_program() {
    let mail = read("latin1.eml");
    assert_eq!(mail.subject, "Störung");
    assert_eq!(mail.from, [claimed("Jörg", "joerg@example.org")]);
    assert_eq!(mail.text, "Grüße aus Köln");
    assert_eq!((mail.date, mail.message_id), (None, None));
}

#[test]
fn one_that_deceives() {
    let mail = read("deceiving.eml");
    assert_eq!(mail.subject, "invoice fdp.exe Bcc: evil@example.org");
    assert_eq!(mail.attachments[0].name, "invoicefdp.exe");
    assert_eq!(mail.text, "pay 001 EUR\n[31mred");
}

#[test]
fn what_is_no_mail_is_refused() {
    assert_eq!(Incoming::read(b""), Err(ReadError::Empty));
    assert_eq!(Incoming::read(b" \r\n\n"), Err(ReadError::Empty));
    assert_eq!(Incoming::read(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"), Err(ReadError::Outlook));
    for text in ["%PDF-1.7\nhello", "just words", "Content-Type: text/html\r\n\r\n<p>", "PK\x03\x04", "a: b\n\nc"] {
        assert_eq!(Incoming::read(text.as_bytes()), Err(ReadError::NoMail), "{text}");
    }
}

fn outgoing() -> Outgoing {
    let to: Address = "\"Müller, Dean\" <dean@acme.example>".parse().expect("an address");
    Outgoing {
        from: "Ada Lovelace <ada@example.org>".parse().expect("an address"),
        to: vec![to, "help@acme.example".parse().expect("an address")],
        subject: "[K7F2-Q9XA-3] Washing machine – was promised for 3 July".to_owned(),
        text: "Dear Dean,\n\nyou promised to come by 3 July. Grüße\n.\nAda\n".to_owned(),
        message_id: Outgoing::fresh_id([7; 16], &"ada@example.org".parse().expect("an address")),
        in_reply_to: Some("y@acme.example".to_owned()),
        references: vec!["x@acme.example".to_owned(), "y@acme.example".to_owned()],
        date: 1_783_328_400_000,
        reply_to: None,
    }
}

#[test]
fn what_is_written_is_read_back() {
    let out = outgoing();
    let bytes = out.to_bytes().expect("a message");
    assert_eq!(out.to_bytes().as_ref(), Ok(&bytes), "the same bytes each time");
    assert!(bytes.is_ascii() && bytes.split(|b| *b == b'\n').all(|line| line.len() < 998));
    let mail = Incoming::read(&bytes).expect("a message");
    assert_eq!(mail.subject, out.subject);
    assert_eq!(mail.text, out.text.trim_end());
    assert_eq!(mail.date, Some(out.date));
    assert_eq!(mail.message_id.as_ref(), Some(&out.message_id));
    assert_eq!(mail.in_reply_to, ["y@acme.example"]);
    assert_eq!(mail.references, out.references);
    assert_eq!(mail.from, [claimed("Ada Lovelace", "ada@example.org")]);
    assert_eq!(mail.to, [claimed("Müller, Dean", "dean@acme.example"), claimed("", "help@acme.example")]);
}

#[test]
fn nothing_in_a_message_makes_another_field() {
    for (subject, text) in [("a\r\nBcc: x@y.example", "t"), ("a\nb", "t"), ("a\u{202E}b", "t"), ("a", "t\u{1B}[2J")] {
        let out = Outgoing { subject: subject.to_owned(), text: text.to_owned(), ..outgoing() };
        assert!(matches!(out.to_bytes(), Err(MailError::Subject | MailError::Text)), "{subject:?}");
    }
    for id in ["a b@c", "a@b>\r\nBcc: x@y.example", "", "ü@x.example"] {
        let out = Outgoing { message_id: id.to_owned(), ..outgoing() };
        assert!(matches!(out.to_bytes(), Err(MailError::Id(_))), "{id:?}");
    }
    assert_eq!(Outgoing { to: Vec::new(), ..outgoing() }.to_bytes(), Err(MailError::NoReceiver));
}

#[test]
fn a_draft_may_have_nobody_to_go_to_yet() {
    assert_eq!(outgoing().to_draft_bytes(), outgoing().to_bytes(), "with an address it is what is sent");
    let draft = Outgoing { to: Vec::new(), ..outgoing() };
    let bytes = draft.to_draft_bytes().expect("a message");
    let mail = Incoming::read(&bytes).expect("a message");
    assert_eq!((mail.to, mail.from), (Vec::new(), vec![claimed("Ada Lovelace", "ada@example.org")]));
    assert_eq!((&mail.subject, mail.text.as_str()), (&draft.subject, draft.text.trim_end()));
    let text = String::from_utf8(bytes).expect("ASCII");
    assert!(
        !text.lines().any(|line| ["to:", "cc:", "bcc:"].iter().any(|h| line.to_lowercase().starts_with(h))),
        "{text}"
    );
    assert!(draft.mailto().starts_with("mailto:?subject="), "{}", draft.mailto());
    let hostile = Outgoing { subject: "a\r\nBcc: x@y.example".to_owned(), ..draft };
    assert_eq!(hostile.to_draft_bytes(), Err(MailError::Subject));
}

#[test]
fn a_link_opens_the_same_message() {
    let link = Outgoing { to: vec!["a+b@acme.example".parse().expect("an address")], ..outgoing() }.mailto();
    assert!(
        link.starts_with("mailto:a%2Bb@acme.example?subject=%5BK7F2-Q9XA-3%5D%20Washing%20machine%20%E2%80%93%20was"),
        "{link}"
    );
    assert!(link.contains("&body=Dear%20Dean%2C%0D%0A%0D%0Ayou%20promised"), "{link}");
    assert!(link.ends_with("&In-Reply-To=%3Cy%40acme.example%3E"), "{link}");
}
