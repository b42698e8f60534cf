//! What is said to people at a terminal, said to programs: where a person types a command, a program signs an act, asks at an
//! address or calls a tool. What only a person can do stays a command, or goes.

/// What becomes of a command in whose place a program has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// It stays: whoever runs the program can do it.
    Stays,
    /// What names it is left out.
    Goes,
}

/// Acts that a command of their own name signs.
const ACTS: &[&str] = &[
    "accept",
    "acknowledge",
    "allow",
    "approve",
    "attach",
    "cancel",
    "card",
    "choose",
    "close",
    "concede",
    "confirm",
    "contact",
    "contest",
    "counter",
    "cut",
    "decide",
    "decline",
    "dispute",
    "erase",
    "erased",
    "handover",
    "item",
    "leave",
    "link",
    "missed",
    "note",
    "progress",
    "propose",
    "prove",
    "ratify",
    "refuse",
    "reject",
    "release",
    "remind",
    "settle",
    "stop",
    "thank",
    "uninvite",
    "withdraw",
];

/// Commands under whose name another act is signed.
const OTHERWISE_CALLED: &[(&str, &str)] = &[("call", "contact"), ("done", "declare"), ("undone", "undeclare")];

/// A text with what programs have in place of commands: `instead` says what that is by the words of a command, and an act is
/// named where it says nothing. Nothing is left where all of it was about a command that goes.
pub fn said(text: &str, instead: impl Fn(&[&str]) -> Option<String>, otherwise: Otherwise) -> Option<String> {
    let mut told = String::new();
    let mut rest = text;
    while let Some(Named { before, words, whole, after }) = next(rest) {
        told.push_str(before);
        match (instead(&words).or_else(|| act(&words)), otherwise) {
            (Some(other), _) => {
                told.push_str(&other);
                rest = after;
            }
            (None, Otherwise::Stays) => {
                told.push_str(whole);
                rest = after;
            }
            (None, Otherwise::Goes) => {
                told.truncate(told.trim_end_matches(|c| !ends(c)).len());
                rest = after.split_once(ends).map_or("", |(_, rest)| rest).trim_start();
                rest = rest.strip_prefix("or ").unwrap_or(rest);
                if !told.is_empty() && !rest.is_empty() {
                    told.push(' ');
                }
            }
        }
    }
    told.push_str(rest);
    let told = if otherwise == Otherwise::Goes { told.trim_end_matches([' ', ':', ';', ',']) } else { told.as_str() };
    (!told.is_empty()).then(|| told.to_owned())
}

/// Where a part of a text ends.
fn ends(c: char) -> bool {
    matches!(c, ';' | ':' | '.' | '\n')
}

/// The act that a command signs, with the entry that stands behind the case.
fn act(words: &[&str]) -> Option<String> {
    let (command, rest) = words.split_first()?;
    let other = OTHERWISE_CALLED.iter().find(|(known, _)| known == command).map(|(_, act)| act);
    let act = other.or_else(|| ACTS.iter().find(|known| *known == command))?;
    if rest.contains(&"--amend") {
        return Some(format!("the act `{act}` with `amends`"));
    }
    let entry = rest.get(1).filter(|typed| typed.starts_with(|c: char| c.is_ascii_digit()));
    Some(entry.map_or_else(|| format!("the act `{act}`"), |entry| format!("the act `{act}` of {entry}")))
}

/// A command in a text.
struct Named<'a> {
    before: &'a str,
    /// What stands behind the program's name.
    words: Vec<&'a str>,
    whole: &'a str,
    after: &'a str,
}

const NAME: &str = "counterpart ";

/// The first command: between backticks, or at the beginning of the text or a line.
fn next(text: &str) -> Option<Named<'_>> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(NAME) {
        let at = from + found;
        let (before, behind) = (text.get(..at)?, text.get(at + NAME.len()..)?);
        if let Some(before) = before.strip_suffix('`')
            && let Some((inside, after)) = behind.split_once('`')
        {
            let whole = text.get(before.len()..text.len() - after.len())?;
            return Some(Named { before, words: inside.split_whitespace().collect(), whole, after });
        }
        if before.is_empty() || before.trim_end_matches(' ').ends_with('\n') {
            let length = bare(behind);
            let (inside, after) = behind.split_at_checked(length)?;
            let whole = text.get(before.len()..text.len() - after.len())?;
            return Some(Named { before, words: inside.split_whitespace().collect(), whole, after });
        }
        from = at + NAME.len();
    }
    None
}

/// How far a command goes that nothing ends: its word, and what is no word of a sentence.
fn bare(behind: &str) -> usize {
    let mut end = 0;
    for (nth, word) in behind.split_inclusive([' ', '\n']).enumerate() {
        let typed = word.trim_end();
        let argument = typed.starts_with('-') || !typed.chars().any(char::is_lowercase);
        if nth > 0 && (typed.is_empty() || !argument) {
            break;
        }
        end += word.len();
        if word.ends_with('\n') {
            break;
        }
    }
    behind.get(..end).map_or(0, |whole| whole.trim_end().len())
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::input::Input;

    fn instead(words: &[&str]) -> Option<String> {
        match words {
            ["show", ..] => Some("GET the case".to_owned()),
            ["list"] => Some("GET the cases".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn each_act_is_one_that_programs_sign() {
        let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Input>().to_value();
        let known: Vec<&str> = schema["oneOf"]
            .as_array()
            .expect("acts")
            .iter()
            .filter_map(|one| one["properties"]["act"]["const"].as_str())
            .collect();
        for act in ACTS.iter().chain(OTHERWISE_CALLED.iter().map(|(_, act)| act)) {
            assert!(known.contains(act), "{act}");
        }
    }

    #[test]
    fn a_program_is_told_what_it_can_do() {
        for (text, told) in [
            ("nothing to type here; the counterpart of it", "nothing to type here; the counterpart of it"),
            (
                "there is no case 'ZZZZ' here: `counterpart list` shows them",
                "there is no case 'ZZZZ' here: GET the cases shows them",
            ),
            ("`counterpart show K7F2-Q9XA-3` lists the seats", "GET the case lists the seats"),
            (
                "it is agreed. To change it: `counterpart propose K7F2-Q9XA-3 --amend REF ...`; to be let go of it: \
                 `counterpart release K7F2-Q9XA-3 REF`",
                "it is agreed. To change it: the act `propose` with `amends`; to be let go of it: the act `release`",
            ),
            ("`counterpart undone K7F2-Q9XA-3 REF` takes it back", "the act `undeclare` takes it back"),
            ("counterpart accept K7F2-Q9XA-3 10 agrees to it", "the act `accept` of 10 agrees to it"),
            (
                "see #7; what you can do about it now:\n  counterpart counter K7F2-Q9XA-3 7/2 --due TIME\n  counterpart show .",
                "see #7; what you can do about it now:\n  the act `counter` of 7/2\n  GET the case",
            ),
        ] {
            for otherwise in [Otherwise::Stays, Otherwise::Goes] {
                assert_eq!(said(text, instead, otherwise).as_deref(), Some(told));
            }
        }
    }

    #[test]
    fn what_only_a_person_can_do_stays_or_goes() {
        for (text, goes) in [
            ("`counterpart doctor` says what is damaged", None),
            (
                "there is no seat 'x' in this home: `counterpart seat list` shows them",
                Some("there is no seat 'x' in this home"),
            ),
            (
                "nothing was signed; `counterpart identity show` says why; ask again later",
                Some("nothing was signed; ask again later"),
            ),
            ("`counterpart seat add NAME` makes one; or let a person sign this", Some("let a person sign this")),
        ] {
            assert_eq!(said(text, instead, Otherwise::Stays).as_deref(), Some(text));
            assert_eq!(said(text, instead, Otherwise::Goes).as_deref(), goes);
        }
    }
}
