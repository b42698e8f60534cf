//! A reader of the pages we write: strict enough to notice a tag or an attribute that we did not write.

use std::collections::BTreeSet;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) closes: bool,
    pub(crate) attributes: Vec<(String, String)>,
}

/// The tags of a page in their order, the style sheet's text apart; and the text between them.
pub(crate) fn read(html: &str) -> (Vec<Tag>, Vec<String>) {
    let mut tags = Vec::new();
    let mut texts = Vec::new();
    let mut rest = html;
    while let Some((text, tail)) = rest.split_once('<') {
        texts.push(text.to_owned());
        if let Some(after) = tail.strip_prefix("!DOCTYPE html>") {
            rest = after;
            continue;
        }
        let (tag, after) = tag(tail);
        rest = after;
        if tag.name == "style" && !tag.closes {
            rest = rest.split_at(rest.find("</style>").expect("it ends")).1;
        }
        tags.push(tag);
    }
    texts.push(rest.to_owned());
    (tags, texts)
}

fn tag(from: &str) -> (Tag, &str) {
    let (closes, mut rest) = from.strip_prefix('/').map_or((false, from), |rest| (true, rest));
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).expect("a tag ends");
    let (name, after) = rest.split_at(end);
    let name = name.to_owned();
    assert!(!name.is_empty(), "a bare < in {:?}", from.chars().take(80).collect::<String>());
    rest = after;
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return (Tag { name, closes, attributes }, after);
        }
        let (key, after) = rest.split_once("=\"").expect("attributes have values in double quotes");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(!key.is_empty() && key.chars().all(plain), "an attribute of <{name}> is called {key:?}");
        let (value, after) = after.split_once('"').expect("a value ends");
        attributes.push((key.to_owned(), value.to_owned()));
        rest = after;
    }
}

/// Every tag is closed where it must be, and in order.
pub(crate) fn assert_nested(tags: &[Tag]) {
    const EMPTY: &[&str] = &["meta", "br", "use", "path", "line", "circle"];
    let mut open: Vec<&str> = Vec::new();
    for tag in tags {
        if EMPTY.contains(&tag.name.as_str()) {
            continue;
        }
        if tag.closes {
            assert_eq!(open.pop(), Some(tag.name.as_str()));
        } else {
            open.push(&tag.name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

/// No scripts, no requests, no handlers; every link leads to a place on the page that is there once.
pub(crate) fn assert_harmless(tags: &[Tag]) {
    const TAGS: &[&str] = &[
        "a", "article", "b", "bdi", "body", "br", "circle", "code", "dd", "desc", "div", "dl", "dt", "em", "g", "h1",
        "h2", "h3", "h4", "head", "header", "html", "li", "line", "main", "meta", "nav", "ol", "p", "path", "q",
        "section", "span", "strong", "style", "svg", "symbol", "table", "tbody", "td", "text", "th", "thead", "time",
        "title", "tr", "ul", "use",
    ];
    const ATTRIBUTES: &[&str] = &[
        "aria-hidden",
        "aria-label",
        "aria-labelledby",
        "charset",
        "class",
        "content",
        "cx",
        "cy",
        "d",
        "data-label",
        "datetime",
        "dir",
        "fill",
        "height",
        "href",
        "http-equiv",
        "id",
        "lang",
        "name",
        "r",
        "role",
        "scope",
        "stroke",
        "stroke-dasharray",
        "stroke-width",
        "tabindex",
        "viewBox",
        "width",
        "x",
        "x1",
        "x2",
        "y",
        "y1",
        "y2",
    ];
    let mut ids = BTreeSet::new();
    let mut targets = BTreeSet::new();
    for tag in tags {
        assert!(TAGS.contains(&tag.name.as_str()), "<{}> is not one of ours", tag.name);
        for (key, value) in &tag.attributes {
            assert!(ATTRIBUTES.contains(&key.as_str()), "{key} on <{}> is not one of ours", tag.name);
            match key.as_str() {
                "href" => {
                    let target = value.strip_prefix('#').expect("links stay on the page");
                    targets.insert(target.to_owned());
                }
                "id" => assert!(ids.insert(value.clone()), "the id {value} stands twice"),
                "aria-labelledby" => targets.extend(value.split(' ').map(str::to_owned)),
                _ => {}
            }
        }
    }
    let lost: Vec<&String> = targets.difference(&ids).collect();
    assert!(lost.is_empty(), "links that lead nowhere: {lost:?}");
}
