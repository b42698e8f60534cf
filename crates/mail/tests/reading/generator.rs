//! Odd messages from seeds.

use std::fmt::Write as _;

/// A small generator of numbers: the same ones for a seed, everywhere.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap_or(0)
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.next() & 0xFF).unwrap_or(0)).collect()
    }
}

pub(crate) const KINDS: [&str; 28] = [
    "plain text",
    "nested multiparts",
    "nested messages",
    "very many parts",
    "very many fields",
    "a very long field",
    "continued parameters",
    "odd charsets",
    "encoded words",
    "broken base64",
    "broken quoted-printable",
    "truncated",
    "mutated",
    "fields of eight bits",
    "very many addresses",
    "winmail and the like",
    "odd boundaries",
    "lying lengths",
    "control and direction characters",
    "noise",
    "lines that end in CR",
    "NULs",
    "odd HTML",
    "packed messages",
    "mailbox lines and injected fields",
    "odd dates",
    "odd ids",
    "several mutations of one with everything",
];

pub(crate) fn kind(seed: u64) -> usize {
    usize::try_from(seed % KINDS.len() as u64).unwrap_or(0)
}

const HEAD: &str = "From: Acme Ltd <help@acme.example>\r\nTo: ada@example.org\r\nSubject: Re: [K7F2-Q9XA-3] Washer\r\n\
    Date: Mon, 6 Jul 2026 10:00:00 +0100\r\nMessage-ID: <a1@acme.example>\r\nMIME-Version: 1.0\r\n";

const CHARSETS: [&str; 24] = [
    "utf-8",
    "UTF-7",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "utf-32",
    "iso-8859-1",
    "iso-8859-6",
    "iso-8859-8-i",
    "windows-1252",
    "windows-1255",
    "koi8-r",
    "shift_jis",
    "iso-2022-jp",
    "euc-kr",
    "gb18030",
    "gbk",
    "big5",
    "macintosh",
    "ibm850",
    "us-ascii",
    "x-unknown",
    "",
    "utf-8\"; charset=\"utf-16",
];

/// A message like those that people get, with everything in it.
fn whole(rng: &mut Rng) -> String {
    let boundary = format!("=_b{}", rng.below(1000));
    format!(
        "Received: from a (b [192.0.2.1]) by c with ESMTPS id 1; Mon, 6 Jul 2026 10:00:01 +0100\r\n{HEAD}\
         References: <x@example.org>\r\n <y@example.org>\r\nIn-Reply-To: <y@example.org>\r\n\
         Cc: \"M\u{fc}ller, Zo\u{eb}\" <zoe@example.org>, =?utf-8?B?w4TDtsO8?= <b@example.org>, group: c@d.example, e@f.example;\r\n\
         Content-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\npreamble\r\n--{boundary}\r\n\
         Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe, we will come on Monday.=\r\n Really.\r\n--alt\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>a{{}}</style></head><body><p>We will come&nbsp;on \
         <b>Monday</b>.</p></body></html>\r\n--alt--\r\n--{boundary}\r\n\
         Content-Type: application/pdf; name=\"=?utf-8?Q?R=C3=A9sum=C3=A9=2Epdf?=\"\r\n\
         Content-Disposition: attachment; filename*0*=utf-8''R%C3%A9; filename*1=sum.pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlcg==\r\n\
         --{boundary}\r\nContent-Type: message/rfc822\r\n\r\n{HEAD}\r\nan inner one\r\n--{boundary}--\r\nepilogue\r\n"
    )
}

/// The message of a seed.
pub(crate) fn message(seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let rng = &mut rng;
    let mut out = String::from(HEAD);
    match kind(seed) {
        0 => {
            out.push_str("\r\n");
            for _ in 0..rng.below(200) {
                out.push_str(rng.one(&["Hello", "\r\n", " ", "> quoted", "\r\n-- \r\n", "Grüße", "--", "\n"]));
            }
        }
        1 => nested(rng, &mut out),
        2 => {
            for _ in 0..1 + rng.below(2000) {
                let kind = rng.one(&["message/rfc822", "message/global", "MESSAGE/RFC822", "multipart/digest"]);
                write!(out, "Content-Type: {kind}\r\n\r\n").expect("memory");
            }
            out.push_str("the innermost");
        }
        3 => {
            out.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
            for _ in 0..rng.below(5000) {
                out.push_str(rng.one(&[
                    "--b\r\n\r\nx\r\n",
                    "--b\n\n",
                    "--b\r\nContent-Type: text/html\r\n\r\n<p>",
                    "--b\r\n",
                ]));
            }
        }
        4 => {
            for n in 0..rng.below(20_000) {
                let name = rng.one(&["X", "To", "Subject", "Received", "Content-Type", ":", "References", "a b"]);
                write!(out, "{name}: {n}\r\n").expect("memory");
            }
            out.push_str("\r\nbody");
        }
        5 => {
            let name = rng.one(&["To", "Subject", "References", "From", "Content-Type", "Date", "X-Long"]);
            write!(out, "{name}: ").expect("memory");
            let piece = rng.one(&["a", "<a@b>,", "=?utf-8?q?a?=", "(", "\"", "\r\n ", "a@b,", ";a=b", "\\", "=?"]);
            out.push_str(&piece.repeat(1 + rng.below(60_000)));
            out.push_str("\r\n\r\nbody");
        }
        6 => {
            out.push_str("Content-Type: application/pdf");
            for n in 0..rng.below(4000) {
                let at = if rng.below(2) == 0 { n } else { rng.below(99_999_999) };
                let value = rng.one(&["x", "utf-8''%C3%BC", "\"q\"", "%", "=?utf-8?q?z?="]);
                write!(out, ";\r\n name*{at}{}={value}", rng.one(&["", "*"])).expect("memory");
            }
            out.push_str("\r\n\r\nbody");
        }
        7 => {
            let charset = rng.one(&CHARSETS);
            write!(out, "Content-Type: {}; charset=\"{charset}\"\r\n\r\n", rng.one(&["text/plain", "text/html"]))
                .expect("memory");
            let mut bytes = out.into_bytes();
            let count = rng.below(5000);
            bytes.extend(rng.bytes(count));
            return bytes;
        }
        8 => {
            out = out.replace("Subject: Re", &format!("Subject: {}Re", words(rng)));
            write!(out, "Cc: {} <a@b.example>\r\n\r\nbody", words(rng)).expect("memory");
        }
        9 => {
            out.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            for _ in 0..rng.below(500) {
                out.push_str(rng.one(&[
                    "SGVsbG8=",
                    "====",
                    "SGVs\r\n",
                    "-",
                    "--",
                    "!!",
                    "\u{fc}",
                    "A",
                    " ",
                    "SGVsbG8gd29ybGQ\r\n",
                ]));
            }
        }
        10 => {
            out.push_str(
                "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
            );
            for _ in 0..rng.below(500) {
                out.push_str(
                    rng.one(&["=C3=BC", "=", "=\r\n", "=Z", "==", " \r\n", "   ", "\t\n", "text", "=0", "<p>", "=00"]),
                );
            }
        }
        11 => {
            let all = whole(rng).into_bytes();
            let end = rng.below(all.len());
            return all[..end].to_vec();
        }
        12 => {
            let base = whole(rng).into_bytes();
            return mutated(rng, base, 20);
        }
        13 => {
            let mut bytes = b"From: ".to_vec();
            let many = rng.below(300);
            bytes.extend(rng.bytes(many));
            bytes.extend(b" <a@b.example>\r\nSubject: ");
            let many = rng.below(300);
            bytes.extend(rng.bytes(many));
            bytes.extend(b"\r\n\r\nbody");
            return bytes;
        }
        14 => {
            out.push_str("Cc: ");
            for _ in 0..rng.below(3000) {
                out.push_str(rng.one(&[
                    "a@b.example, ",
                    "group: ",
                    ";",
                    "(c(o(m)ment)) ",
                    "\"q\\\"uoted\" <x@y.example>,",
                    "<",
                    ">",
                    "<<<",
                    "@@",
                    ",,,",
                    "=?utf-8?q?=C3=BC?= <u@v.example>,",
                    "\r\n ",
                    "undisclosed-recipients:;",
                    "\u{202e}",
                ]));
            }
            out.push_str("\r\n\r\nbody");
        }
        15 => {
            let name = rng.one(&[
                "winmail.dat",
                "../../../etc/passwd",
                "C:\\x.exe",
                "a\u{202e}fdp.exe",
                "",
                "con",
                "a\r\n b.pdf",
            ]);
            let kind =
                rng.one(&["application/ms-tnef", "application/octet-stream", "/", "text/plain", "multipart", "x"]);
            write!(
                out,
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee there\r\n--b\r\nContent-Type: {kind}; \
                 name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: \
                 base64\r\n\r\neJ8+IgAAAAAAAAAA\r\n--b--\r\n"
            )
            .expect("memory");
        }
        16 => boundaries(rng, &mut out),
        17 => {
            let length = rng.one(&["99999999999", "-1", "0", "18446744073709551616", "x"]);
            write!(
                out,
                "Content-Length: {length}\r\nLines: {length}\r\nContent-Type: message/external-body; size={length}\r\n\r\nbody"
            )
            .expect("memory");
        }
        18 => {
            let odd: String =
                ["\u{202e}", "\u{200f}", "\u{1b}[2J", "\u{7}", "\u{85}", "\u{2028}", "\u{feff}", "\u{e0041}", "\u{0}"]
                    .iter()
                    .filter(|_| rng.below(2) == 0)
                    .copied()
                    .collect();
            out = out.replace("Acme", &odd).replace("Washer", &odd).replace("<help@", &format!("<h{odd}elp@"));
            write!(out, "Content-Type: text/plain; charset=utf-8\r\n\r\n{odd}text{odd}\r\n").expect("memory");
        }
        19 => {
            let count = rng.below(20_000);
            return rng.bytes(count);
        }
        20 => return whole(rng).replace("\r\n", "\r").into_bytes(),
        21 => {
            let mut bytes = whole(rng).into_bytes();
            for _ in 0..50 {
                let at = rng.below(bytes.len());
                bytes[at] = 0;
            }
            return bytes;
        }
        22 => {
            out.push_str("Content-Type: text/html\r\n\r\n");
            for _ in 0..rng.below(3000) {
                out.push_str(rng.one(&[
                    "<",
                    ">",
                    "</",
                    "<p",
                    "<script>",
                    "</script",
                    "<!--",
                    "-->",
                    "&",
                    "&#",
                    "&#x110000;",
                    "&#99999999999;",
                    "&amp;",
                    "&nbsp;",
                    ";",
                    "text ",
                    "<br/>",
                    "<style>",
                    "\u{fc}",
                    "<head>",
                    "</head>",
                    "\"",
                    "<a href='x'>",
                    "<template>",
                ]));
            }
        }
        23 => {
            let depth = 1 + rng.below(6);
            let mut inner = whole(rng);
            for _ in 0..depth {
                let packed = data(inner.as_bytes());
                inner =
                    format!("{HEAD}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{packed}");
            }
            out = inner;
        }
        24 => {
            out = format!(
                "From ada@example.org Mon Jul  6 10:00:00 2026\r\n>From: x\r\n{HEAD}Subject: second\r\nSubject: =?utf-8?q?a=0D=0ABcc:_\
                 evil=40example.org?=\r\n\r\nFrom here on\r\n>From there\r\n"
            );
        }
        25 => {
            let date = rng.one(&[
                "yesterday",
                "",
                "99 Foo 99999 99:99:99 +9999",
                "Mon, 31 Feb 2026 25:61:61 -2459",
                "1",
                "6 Jul 26 10:00 GMT",
                "Mon, 6 Jul 2026 10:00:60 +0000",
                "Mon, 6 Jul 1899 10:00:00 +0000",
                "-1 -1 -1",
                "6 Jul 65536 1:1:1 +99999999",
                "Mon, 06 Jul 2026 10:00:00 (((((",
                "2026-07-06T10:00:00Z",
            ]);
            out = out.replace("Mon, 6 Jul 2026 10:00:00 +0100", date);
            out.push_str("\r\nbody");
        }
        26 => {
            out.push_str("References: ");
            for _ in 0..rng.below(2000) {
                out.push_str(rng.one(&[
                    "<a@b>",
                    " ",
                    "<",
                    ">",
                    "\r\n ",
                    "<<c@d>>",
                    "<a b@c>",
                    "<\u{fc}@x>",
                    "<>",
                    "id",
                    ",",
                    "(c)",
                ]));
                write!(out, "<{}@r.example>", rng.below(99)).expect("memory");
            }
            out.push_str("\r\n\r\nbody");
        }
        _ => {
            let base = whole(rng).into_bytes();
            return mutated(rng, base, 400);
        }
    }
    out.into_bytes()
}

fn nested(rng: &mut Rng, out: &mut String) {
    let deep = rng.below(4) == 0;
    let depth = 1 + rng.below(if deep { 3000 } else { 30 });
    let same = rng.below(3) == 0;
    for level in 0..depth {
        let level = if same { 0 } else { level };
        write!(
            out,
            "Content-Type: multipart/{}; boundary=b{level}\r\n\r\n--b{level}\r\n",
            rng.one(&["mixed", "alternative", "digest"])
        )
        .expect("memory");
    }
    out.push_str("\r\nthe innermost\r\n");
    if rng.below(2) == 0 {
        for level in (0..depth).rev() {
            write!(out, "--b{level}--\r\n").expect("memory");
        }
    }
}

fn boundaries(rng: &mut Rng, out: &mut String) {
    let boundary = match rng.below(6) {
        0 => String::new(),
        1 => "-".repeat(rng.below(100)),
        2 => "b".repeat(1 + rng.below(300)),
        3 => "a b  c".to_owned(),
        4 => "\u{fc}=_(){}[]*+?.^$|\\".to_owned(),
        _ => "b--".to_owned(),
    };
    write!(out, "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n").expect("memory");
    for _ in 0..rng.below(40) {
        let line = rng.one(&[
            "--",
            "--{}",
            "--{}--",
            "--{} \t",
            "x--{}",
            "--{}x",
            "--{}--{}",
            "",
            "\r\n--{}\r\n\r\ntext",
            "-- {}",
        ]);
        out.push_str(&line.replace("{}", &boundary));
        out.push_str(rng.one(&["\r\n", "\n", "\r", ""]));
    }
}

fn words(rng: &mut Rng) -> String {
    let mut out = String::new();
    for _ in 0..rng.below(400) {
        let charset = rng.one(&CHARSETS);
        out.push_str(&match rng.below(6) {
            0 => format!("=?{charset}?q?=41=C3=BC=?= "),
            1 => format!("=?{charset}?B?w7zDvA==?="),
            2 => format!("=?{charset}*en?Q?a_b?="),
            3 => "=?utf-8?q?".to_owned(),
            4 => "=?".to_owned(),
            _ => format!("=?{charset}?x?y?=\r\n "),
        });
    }
    out
}

fn mutated(rng: &mut Rng, mut bytes: Vec<u8>, times: usize) -> Vec<u8> {
    for _ in 0..1 + rng.below(times) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.below(bytes.len());
        let span = rng.below(60).min(bytes.len() - at);
        match rng.below(6) {
            0 => bytes[at] = u8::try_from(rng.below(256)).unwrap_or(0),
            1 => drop(bytes.drain(at..at + span)),
            2 => {
                let piece = bytes[at..at + span].to_vec();
                let to = rng.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            3 => {
                bytes
                    .insert(at, *rng.one::<u8>(&[&b'\n', &b'\r', &b'-', &b'=', &b'"', &b'<', &b';', &b'(', &0, &0xFF]));
            }
            4 => {
                let piece = rng.one(&["\r\n\r\n", "--alt", "Content-Type: ", "=?", "boundary=", "\r\n ", "\u{202e}"]);
                bytes.splice(at..at, piece.bytes());
            }
            _ => bytes[at..at + span].reverse(),
        }
    }
    bytes
}

/// Base64 in lines.
fn data(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (n, three) in bytes.chunks(3).enumerate() {
        let all = three.iter().fold(0_u32, |all, b| all << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let six = (all >> (18 - 6 * place)) & 63;
            out.push(if place > three.len() { '=' } else { char::from(LETTERS[six as usize]) });
        }
        if n % 19 == 18 {
            out.push_str("\r\n");
        }
    }
    out
}

/// Messages of the largest size, each made to cost as much as can be.
pub(crate) fn largest(size: usize) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let fill = move |head: &str, piece: &str| {
        let mut out = Vec::with_capacity(size);
        out.extend(HEAD.as_bytes());
        out.extend(head.as_bytes());
        while out.len() + piece.len() <= size {
            out.extend(piece.as_bytes());
        }
        out
    };
    let kinds: [(&str, &str, &str); 12] = [
        ("fields without end", "", "a:\n"),
        ("one field without end", "Subject: ", "=?utf-8?q?a?= "),
        ("parts without end", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n"),
        ("messages in messages", "", "Content-Type: message/rfc822\n\n"),
        ("digests", "Content-Type: multipart/digest; boundary=b\n\n", "--b\n\n\n\n"),
        (
            "multiparts that are nowhere",
            "Content-Type: multipart/mixed; boundary=b\n\n",
            "--b\nContent-Type: multipart/mixed; boundary=c\n\n",
        ),
        ("multiparts in multiparts", "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"),
        ("one long line", "\n", "abcdefghij"),
        ("empty lines", "\n", "\n"),
        ("HTML", "Content-Type: text/html\n\n", "<p>&amp;<b>"),
        ("base64", "Content-Transfer-Encoding: base64\n\n", "SGVsbG8gd29ybGQgSGVsbG8gd29ybGQgSGVsbG8gd29y\n"),
        ("dashes", "Content-Type: multipart/mixed; boundary=---------------\n\n", "----------------"),
    ];
    kinds.into_iter().map(move |(name, head, piece)| (name, fill(head, piece)))
}
