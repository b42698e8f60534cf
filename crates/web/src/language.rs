//! Every word a page says of its own, by language, in files for parts of the pages: `key = text`, a line each, `{name}` where something is put in.
//!
//! English is the language that tests hold against sources and templates. Another one is another folder and a line in
//! [`FILES`], complete as well; what a text that is not built in lacks is said in English.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::text::Markup;

/// One language.
#[derive(Debug)]
pub(crate) struct Language {
    texts: BTreeMap<&'static str, &'static str>,
}

/// One language's files, the same for each.
macro_rules! files {
    ($tag:literal) => {
        files!($tag: "base", "case", "record", "acts", "terms", "start", "call", "picture", "draft", "desk")
    };
    ($tag:literal: $($part:literal),*) => {
        ($tag, &[$(include_str!(concat!("../languages/", $tag, "/", $part, ".txt"))),*])
    };
}

/// Tag and files, the one that the others fall back to first.
const FILES: &[(&str, &[&str])] = &[files!("en"), files!("de")];

static LANGUAGES: LazyLock<Vec<(&str, Language)>> =
    LazyLock::new(|| FILES.iter().map(|(tag, files)| (*tag, Language { texts: read(files) })).collect());

/// `key = text` by line; `#` begins a remark, an empty line is one.
fn read(files: &[&'static str]) -> BTreeMap<&'static str, &'static str> {
    let line = |line: &'static str| line.split_once('=').map(|(key, text)| (key.trim(), text.trim()));
    files.iter().flat_map(|f| f.lines()).filter(|l| !l.trim_start().starts_with('#')).filter_map(line).collect()
}

/// The best that is there for an `Accept-Language` header.
pub(crate) fn accepted(header: Option<&str>) -> &'static Language {
    let mut wanted: Vec<(f32, &str)> = Vec::new();
    for part in header.unwrap_or_default().split(',').take(32) {
        let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(1.0);
        wanted.push((weight, tag.trim()));
    }
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let found = wanted.iter().filter(|(weight, _)| *weight > 0.0).find_map(|(_, tag)| {
        let tag = primary(tag);
        LANGUAGES.iter().find(|(known, _)| *known == tag)
    });
    &found.unwrap_or(&LANGUAGES[0]).1
}

/// The languages that can be chosen: tag, and what each calls itself.
pub(crate) fn all() -> Vec<(&'static str, &'static str)> {
    LANGUAGES.iter().map(|(tag, language)| (*tag, language.say("language.name"))).collect()
}

/// The language that a browser chose, by its tag.
pub(crate) fn chosen(tag: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|(known, _)| *known == tag).map(|(_, language)| language)
}

/// The name of the cookie that holds the choice, beside the one that lets the browser in.
pub(crate) fn cookie(session: &str) -> String {
    format!("{session}-language")
}

impl Language {
    /// What stands under a key.
    pub(crate) fn say(&self, key: &str) -> &'static str {
        let text = self.texts.get(key).or_else(|| LANGUAGES[0].1.texts.get(key)).copied();
        debug_assert!(text.is_some(), "no text for {key}");
        text.unwrap_or_default()
    }

    /// The same, where there may be nothing.
    pub(crate) fn find(&self, key: &str) -> Option<&'static str> {
        self.texts.get(key).or_else(|| LANGUAGES[0].1.texts.get(key)).copied()
    }

    /// The same, with things put in. The result is plain text: a template escapes it.
    pub(crate) fn fill(&self, key: &str, with: &[(&str, &str)]) -> String {
        self.pieces(key)
            .map(|piece| piece.unwrap_or_else(|name| value(with, name).copied().unwrap_or_default()))
            .collect()
    }

    /// The same, with things put in that are ready for a page.
    pub(crate) fn markup(&self, key: &str, with: &[(&str, Markup)]) -> Markup {
        self.pieces(key).fold(Markup::default(), |out, piece| match piece {
            Ok(text) => out.say(text),
            Err(name) => value(with, name).map_or_else(|| out.clone(), |put| out.clone().then(put)),
        })
    }

    /// `KEY.one` or `KEY.other`, with `{n}`.
    pub(crate) fn count(&self, key: &str, n: u64) -> String {
        let form = if n == 1 { "one" } else { "other" };
        self.fill(&format!("{key}.{form}"), &[("n", &n.to_string())])
    }

    /// Text as it stands, and names of what is to be put in.
    fn pieces(&self, key: &str) -> impl Iterator<Item = Result<&'static str, &'static str>> {
        let mut rest = self.say(key);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            if let Some((name, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
                rest = after;
                return Some(Err(name));
            }
            let (text, after) = rest.split_at(rest.find('{').filter(|at| *at > 0).unwrap_or(rest.len()));
            rest = after;
            Some(Ok(text))
        })
    }
}

fn value<'v, V>(with: &'v [(&str, V)], name: &str) -> Option<&'v V> {
    with.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Keys that are put together while the program runs: their beginnings.
    const PUT_TOGETHER: &[&str] = &[
        "role.",
        "kind.",
        "kinds.",
        "today.group.",
        "time.",
        "settings.done.",
        "mandate.",
        "problem.",
        "node.",
        "promises.word.",
        "proof.grade.",
        "proof.means.",
        "do.",
        "case.do.",
        "case.column.",
        "cases.which.",
        "draft.",
    ];

    /// Every `name` in `say("name"` and the like, in sources and templates; and all that stands in quotes.
    fn used() -> (BTreeSet<String>, BTreeSet<String>) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src"), root.join("templates")];
        let (mut found, mut quoted) = (BTreeSet::new(), BTreeSet::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).expect("text");
                quoted.extend(text.split('"').map(str::to_owned));
                for (call, forms) in
                    [("say(\"", &[""][..]), ("fill(\"", &[""]), ("markup(\"", &[""]), ("count(\"", &[".one", ".other"])]
                {
                    for after in text.split(call).skip(1) {
                        let key = after.split('"').next().unwrap_or_default();
                        if key.contains('.') && !key.contains('{') {
                            found.extend(forms.iter().map(|form| format!("{key}{form}")));
                        }
                    }
                }
            }
        }
        (found, quoted)
    }

    #[test]
    fn every_text_is_there_and_used() {
        let english = read(FILES[0].1);
        let (used, quoted) = used();
        let lacking: Vec<_> = used.iter().filter(|key| !english.contains_key(key.as_str())).collect();
        assert!(lacking.is_empty(), "no English text for {lacking:?}");
        let idle: Vec<_> = english
            .keys()
            .filter(|key| {
                !used.contains(**key) && !quoted.contains(**key) && !PUT_TOGETHER.iter().any(|p| key.starts_with(p))
            })
            .collect();
        assert!(idle.is_empty(), "nobody says {idle:?}");
    }

    /// What a text has room for, in any order.
    fn holes(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_language_says_what_english_does() {
        let english = read(FILES[0].1);
        for (tag, files) in FILES {
            let texts = read(files);
            let lacking: Vec<_> = english.keys().filter(|key| !texts.contains_key(*key)).collect();
            assert!(lacking.is_empty(), "{tag} has no text for {lacking:?}");
            for (key, text) in &texts {
                assert!(!text.is_empty(), "{tag}: nothing stands under {key}");
                assert_eq!(english.get(key).map(|e| holes(e)), Some(holes(text)), "{tag}: {key}");
            }
            let lines = files.iter().flat_map(|f| f.lines()).filter(|l| l.contains('=') && !l.starts_with('#'));
            assert_eq!(texts.len(), lines.count(), "{tag}: a key stands twice");
            assert_eq!(texts.get("language.tag"), Some(tag));
        }
    }

    #[test]
    fn what_is_put_in_is_text() {
        let texts = BTreeMap::from([("a", "From {who} to {whom}, {n}")]);
        let language = Language { texts };
        assert_eq!(language.fill("a", &[("who", "x"), ("n", "{who}")]), "From x to , {who}");
        let markup = language.markup("a", &[("who", Markup::default().peer("<b>"))]);
        assert_eq!(markup.to_string(), "From <bdi>&#60;b&#62;</bdi> to , ");
    }

    #[test]
    fn a_language_is_found_or_english_is() {
        for header in [None, Some(""), Some("xx;q=1, en;q=0.2"), Some("en-GB"), Some(";;;,q=,\u{e9}")] {
            assert_eq!(accepted(header).say("language.tag"), "en");
        }
        for header in ["de", "de-AT, en;q=0.8", "fr, en;q=0.2, de;q=0.7", "DE-ch"] {
            assert_eq!(accepted(Some(header)).say("language.tag"), "de");
        }
    }
}
