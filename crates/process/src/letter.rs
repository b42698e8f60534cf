//! Letters: plain text from templates, built in or a person's own. Whatever a party wrote is text in them: it begins no
//! line of a message's head, hides nothing and steers no terminal.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

/// The letters that come with the program: name, what it is for, text.
pub const BUILT_IN: &[(&str, &str, &str)] = &[
    ("reminder-polite", "the first reminder", include_str!("../letters/reminder-polite.txt")),
    ("reminder-firmer", "the second and third", include_str!("../letters/reminder-firmer.txt")),
    ("reminder-firm", "every one after that", include_str!("../letters/reminder-firm.txt")),
    ("thanks-kept", "thanks when a promise was kept", include_str!("../letters/thanks-kept.txt")),
    ("thanks-closed", "thanks when the case is closed", include_str!("../letters/thanks-closed.txt")),
];

/// How long a template may be, in bytes.
pub const MOST_TEMPLATE: usize = 64 * 1024;
/// How long a letter may become, in bytes: it stands in the case as one text.
pub const MOST_LETTER: usize = 12 * 1024;
const MOST_SUBJECT: usize = 150;
/// How much a template may compute.
const FUEL: u64 = 200_000;

/// What a letter can speak of. Every word is always there, empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What this side is called in the case.
    pub me: String,
    /// What the other side is called.
    pub them: String,
    /// Whom the letter is to, by name.
    pub person: String,
    /// The case's short form.
    pub tag: String,
    /// What the case is about.
    pub case: String,
    /// Today.
    pub date: String,
    /// What was promised.
    pub what: String,
    /// What the entry is called: #5.
    pub number: String,
    /// Who promised it, by name.
    pub by: String,
    /// In which contact: "on the telephone on 3 March 2026".
    pub said: String,
    /// The reference they gave.
    pub reference: String,
    pub due: String,
    /// Whole days since then.
    pub days_late: i64,
    /// They said or agreed it; otherwise they were only asked.
    pub promised: bool,
    pub agreed: bool,
    /// Which reminder it is, from 1.
    pub count: u32,
    /// When the last one was sent.
    pub previous: String,
    /// What the terms say follows.
    pub consequences: Vec<String>,
    /// The rule's own words.
    pub text: String,
}

/// A letter, ready to be shown and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One line, with the case's tag.
    pub subject: String,
    pub text: String,
}

/// Why a letter was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the letter '{name}'{place}: {why}", place = .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct LetterError {
    pub name: String,
    /// From 1.
    pub line: Option<usize>,
    pub why: String,
}

/// Whether a letter can be called that: lower-case letters, digits and dashes. It names a file.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-')
}

/// The letter that comes with the program under a name.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, ..)| *known == name).map(|(.., text)| *text)
}

/// Which letter a reminder is, by how many went before it.
#[must_use]
pub fn by_count(before: u32) -> &'static str {
    match before {
        0 => "reminder-polite",
        1 | 2 => "reminder-firmer",
        _ => "reminder-firm",
    }
}

/// Writes a letter.
///
/// # Errors
/// What is wrong with the template, and in which line.
pub fn write(name: &str, template: &str, words: &Words) -> Result<Written, LetterError> {
    let error = |line: Option<usize>, why: String| LetterError { name: name.to_owned(), line, why };
    if template.len() > MOST_TEMPLATE {
        return Err(error(None, format!("it is longer than {} KiB", MOST_TEMPLATE / 1024)));
    }
    let template = template.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
    let (first, rest) = template.split_once('\n').unwrap_or((&template, ""));
    let subject = first.strip_prefix("Subject:").ok_or_else(|| {
        error(Some(1), "its first line should begin with 'Subject:', then comes an empty line and the text".to_owned())
    })?;
    let cleaned = words.cleaned();
    let tag = format!("[{}]", cleaned.tag);
    let words = cleaned.for_templates();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = minijinja::syntax::SyntaxConfig::builder();
    let syntax = syntax.trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|e| error(None, e.to_string()))?);
    environment.set_fuel(Some(FUEL));
    let filled = |source: &str| {
        environment.render_named_str(name, source, words.clone()).map_err(|e| {
            let line = e.line().filter(|line| *line > 0);
            error(line, in_words(&e, line.and_then(|line| template.lines().nth(line - 1))))
        })
    };
    let subject = line(&filled(subject)?, MOST_SUBJECT);
    if subject.is_empty() {
        return Err(error(Some(1), "its subject comes out empty".to_owned()));
    }
    // The line of the subject is left empty, so that lines keep their numbers.
    let text = plain(&filled(&format!("\n{rest}"))?);
    if text.is_empty() {
        return Err(error(None, "its text comes out empty".to_owned()));
    }
    if text.len() > MOST_LETTER {
        return Err(error(None, format!("it comes out longer than {} KiB", MOST_LETTER / 1024)));
    }
    let subject = if subject.contains(&tag) { subject } else { format!("{subject} {tag}") };
    Ok(Written { subject, text })
}

/// Tries a template with everything known and with as little as there can be.
///
/// # Errors
/// As [`write()`].
pub fn check(name: &str, template: &str) -> Result<Written, LetterError> {
    write(name, template, &Words::bare())?;
    write(name, template, &Words::example())
}

fn in_words(error: &minijinja::Error, source: Option<&str>) -> String {
    use minijinja::ErrorKind;
    let here = source.map(|line| format!(" in: {}", line.trim())).unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => {
            format!("it uses a word that no letter knows{here}. Words are {}", KNOWN.join(", "))
        }
        ErrorKind::OutOfFuel => "it never comes to an end".to_owned(),
        kind => format!("{}{here}", error.detail().map_or_else(|| kind.to_string(), str::to_owned)),
    }
}

/// What templates call the words of a letter.
pub const KNOWN: [&str; 19] = [
    "me",
    "them",
    "person",
    "tag",
    "case",
    "date",
    "what",
    "number",
    "by",
    "said",
    "reference",
    "due",
    "days_late",
    "promised",
    "agreed",
    "count",
    "previous",
    "consequences",
    "text",
];

impl Words {
    fn for_templates(self) -> Value {
        let values: [Value; KNOWN.len()] = [
            self.me.into(),
            self.them.into(),
            self.person.into(),
            self.tag.into(),
            self.case.into(),
            self.date.into(),
            self.what.into(),
            self.number.into(),
            self.by.into(),
            self.said.into(),
            self.reference.into(),
            self.due.into(),
            self.days_late.into(),
            self.promised.into(),
            self.agreed.into(),
            self.count.into(),
            self.previous.into(),
            self.consequences.into(),
            self.text.into(),
        ];
        Value::from_pairs(KNOWN.into_iter().zip(values))
    }

    /// Every text on one line, normalised, without what steers or hides. Own words may have several lines.
    fn cleaned(&self) -> Self {
        let one = |text: &str| line(text, 2000);
        Self {
            me: one(&self.me),
            them: one(&self.them),
            person: one(&self.person),
            tag: one(&self.tag),
            case: one(&self.case),
            date: one(&self.date),
            what: one(&self.what),
            number: one(&self.number),
            by: one(&self.by),
            said: one(&self.said),
            reference: one(&self.reference),
            due: one(&self.due),
            previous: one(&self.previous),
            consequences: self.consequences.iter().take(20).map(|text| one(text)).collect(),
            text: plain(&self.text),
            ..*self
        }
    }

    /// As little as a letter can have to speak of.
    fn bare() -> Self {
        let word = |text: &str| text.to_owned();
        Self {
            me: word("Maya"),
            them: word("Acme Ltd"),
            tag: word("K7F2-Q9XA-3"),
            case: word("Repair"),
            what: word("call back"),
            ..Self::default()
        }
    }

    /// A letter's worth of words, to try a template with.
    #[must_use]
    pub fn example() -> Self {
        let word = |text: &str| text.to_owned();
        Self {
            person: word("Lucy Hart"),
            date: word("7 March 2026"),
            number: word("#3"),
            by: word("Dean"),
            said: word("on the telephone on 3 March 2026"),
            reference: word("88213"),
            due: word("4 March 2026 at 17:00"),
            days_late: 3,
            promised: true,
            agreed: false,
            count: 3,
            previous: word("5 March 2026"),
            consequences: vec![word("the ombudsman is asked")],
            text: word("The meter reading is wrong as well."),
            ..Self::bare()
        }
    }
}

/// Whether a character stays out of every letter: it steers, hides or reorders.
fn is_dropped(c: char) -> bool {
    c != '\n' && counterpart_core::text::visible(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8()
}

/// One line of so many characters at most.
#[must_use]
pub fn line(text: &str, most: usize) -> String {
    let text = counterpart_core::text::normalise(text);
    let spaced: String =
        text.chars().map(|c| if c == '\t' || c == '\n' { ' ' } else { c }).filter(|c| !is_dropped(*c)).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let joined = words.join(" ");
    match joined.char_indices().nth(most) {
        None => joined,
        Some((cut, _)) => format!("{}…", joined.get(..cut).unwrap_or_default().trim_end()),
    }
}

/// Lines without what steers or hides; never more than one empty line in a row.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = counterpart_core::text::normalise(&text.replace('\t', "    "));
    let text: String = text.chars().filter(|c| !is_dropped(*c)).collect();
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_letters_are_whole() {
        for (name, _, template) in BUILT_IN {
            let written = check(name, template).unwrap_or_else(|e| unreachable!("{e}"));
            assert!(is_name(name) && written.subject.ends_with("[K7F2-Q9XA-3]"), "{name}: {}", written.subject);
            assert!(written.text.contains("Maya"), "{name}:\n{}", written.text);
            assert!(!written.text.contains("  \n") && !written.text.contains("\n\n\n"), "{name}:\n{}", written.text);
            let bare = write(name, template, &Words::bare()).expect("written");
            let gap = |line: &str| line.trim_start().contains("  ") || line.contains(" ,");
            assert!(!bare.text.lines().any(gap), "{name}:\n{}", bare.text);
        }
    }

    #[test]
    fn a_reminder_quotes_what_was_promised() {
        for name in ["reminder-polite", "reminder-firmer", "reminder-firm"] {
            let written = write(name, built_in(name).expect("there"), &Words::example()).expect("written");
            for word in ["88213", "call back", "Dean", "4 March 2026 at 17:00", "3 March 2026", "K7F2-Q9XA-3"] {
                assert!(written.text.contains(word), "{name} lacks {word}:\n{}", written.text);
            }
        }
    }

    #[test]
    fn a_broken_template_names_the_line() {
        for (template, line, says) in [
            ("Hello", Some(1), "Subject:"),
            ("Subject: x\n\nfine\n{{ nobody }}\n", Some(4), "uses a word that no letter knows in: {{ nobody }}"),
            ("Subject: {{ nope }}\n\nfine", Some(1), "no letter knows"),
            ("Subject: x\n\n{% if due %}\nnever ended", Some(4), ""),
            ("Subject: x\n\n{{ what", Some(3), ""),
            ("Subject: x\n\n{{ what | unheard_of }}", Some(3), "unheard_of"),
            ("Subject: x\n\n{% include 'other' %}", Some(3), ""),
            (
                "Subject: x\n\n{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}y",
                Some(3),
                "never comes to an end",
            ),
            ("Subject: {{ reference }}\n\ntext", Some(1), "subject comes out empty"),
            ("Subject: x\n\n{{ reference }}", None, "text comes out empty"),
        ] {
            let error = check("mine", template).expect_err(template);
            assert_eq!(error.line, line, "{template}: {error}");
            assert!(error.to_string().contains(says), "{template}: {error}");
        }
        assert!(check("mine", &format!("Subject: x\n\n{}", "y".repeat(MOST_LETTER + 1))).is_err());
        assert!(check("mine", &"y".repeat(MOST_TEMPLATE + 1)).is_err());
    }

    #[test]
    fn nothing_a_party_wrote_steers() {
        let hostile = "Refund\r\nBcc: all@example.org\r\n\r\n\u{1b}[31m\u{202E}evil\u{7}\u{200D}{{ me }}<script>";
        let words =
            Words { what: hostile.to_owned(), by: hostile.to_owned(), text: hostile.to_owned(), ..Words::example() };
        for (name, _, template) in BUILT_IN.iter().filter(|(name, ..)| name.starts_with("reminder")) {
            let written = write(name, template, &words).expect("written");
            assert!(!written.subject.contains('\n'), "{}", written.subject);
            for text in [&written.subject, &written.text] {
                assert!(!text.chars().any(is_dropped), "{name}: {text:?}");
                assert!(
                    text.contains("{{ me }}") || !text.contains("evil"),
                    "what a party wrote is no template: {text}"
                );
            }
            assert!(
                !written.text.lines().any(|line| line.starts_with("Bcc:")) || written.text.contains("Refund\nBcc:")
            );
        }
        assert_eq!(line(" a\r\nb\u{2028}c\td ", 99), "a bc d");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(plain("a  \r\n\n\n\nb\u{0}\n"), "a\n\nb");
    }

    #[test]
    fn names_are_file_names() {
        for name in ["reminder-firm", "mine2", "a"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "../x", "Mine", "a/b", "a.b", "-x", "ä", &"x".repeat(41)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
