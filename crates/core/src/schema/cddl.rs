//! A level printed as CDDL (RFC 8610), for implementers: one rule a named type, one a kind of act.

use super::{Act, Field, Level, Rule, Shape, Ty};
use crate::value::{DECIMAL_PLACES, MONEY_PLACES};

/// Width at which a list of forms goes on several lines.
const WIDTH: usize = 110;

/// The level as CDDL. The first rule is an act as it stands in a statement. What CDDL
/// cannot say (the characters no text may hold) stands in a comment.
#[must_use]
pub fn cddl(level: &Level) -> String {
    let mut out = format!(
        "; Level {}: every act as it stands in a statement.\n\
         ; Sizes of texts are bytes of UTF-8. No text holds a character of the frozen list.\n",
        level.number
    );
    let acts: Vec<String> = level.acts.iter().map(|act| format!("{}-act", act.kind)).collect();
    out.push_str(&choice("act", &acts));
    for rule in level.rules {
        out.push('\n');
        out.push_str(&named(rule));
    }
    for act in level.acts {
        out.push('\n');
        out.push_str(&kind(act));
    }
    out
}

fn named(rule: &Rule) -> String {
    let definition = match &rule.ty {
        Ty::Map(fields) => format!("{} = {}\n", rule.name, block(fields, "  ")),
        Ty::OneOf(forms) => choice(rule.name, &forms.iter().map(print).collect::<Vec<_>>()),
        other => format!("{} = {}\n", rule.name, print(other)),
    };
    format!("; {}\n{definition}", rule.doc)
}

fn kind(act: &Act) -> String {
    let Act { kind, doc, body } = act;
    format!("; {kind}: {doc}\n{kind}-act = {{\n  kind: \"{kind}\",\n  body: {},\n}}\n", block(body, "    "))
}

/// `name = a / b`, filled into lines.
fn choice(name: &str, forms: &[String]) -> String {
    let one_line = format!("{name} = {}\n", forms.join(" / "));
    if one_line.len() <= WIDTH {
        return one_line;
    }
    let mut out = format!("{name} =\n ");
    let mut width = 1;
    for (i, form) in forms.iter().enumerate() {
        if i > 0 && width + form.len() + 3 > WIDTH {
            out.push_str("\n ");
            width = 1;
        }
        let joint = if i == 0 { " " } else { " / " };
        out.push_str(joint);
        out.push_str(form);
        width += joint.len() + form.len();
    }
    out.push('\n');
    out
}

/// A map on lines of its own, its fields so far to the right.
fn block(fields: &[Field], indent: &str) -> String {
    if fields.is_empty() {
        return "{}".to_owned();
    }
    let lines: Vec<String> = fields.iter().map(|field| format!("{indent}{},\n", member(field))).collect();
    format!("{{\n{}{}}}", lines.concat(), indent.strip_prefix("  ").unwrap_or_default())
}

fn member(field: &Field) -> String {
    format!("{}{}: {}", if field.required { "" } else { "? " }, field.name, print(&field.ty))
}

fn print(ty: &Ty) -> String {
    match ty {
        Ty::Text { min, max } => format!("tstr .size ({min}..{max})"),
        Ty::Shape(shape) => pattern(*shape),
        Ty::Int { min, max } => format!("{min}..{max}"),
        Ty::Bytes { min, max } if min == max => format!("bstr .size {min}"),
        Ty::Bytes { min, max } => format!("bstr .size ({min}..{max})"),
        Ty::Bool => "bool".to_owned(),
        Ty::Word(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" / "),
        Ty::Array { of, min, max } => {
            let min = if *min == 0 { String::new() } else { min.to_string() };
            format!("[{min}*{max} {}]", grouped(of))
        }
        Ty::Tuple { fixed, last } => {
            let optional = last.map(|ty| format!("? {}", grouped(ty)));
            format!("[{}]", fixed.iter().map(print).chain(optional).collect::<Vec<_>>().join(", "))
        }
        Ty::Tagged { word, each: [one], max } => format!("[\"{word}\", *{max} {}]", grouped(one)),
        Ty::Tagged { word, each, max } => {
            format!("[\"{word}\", *{max} ({})]", each.iter().map(print).collect::<Vec<_>>().join(", "))
        }
        Ty::Map(fields) => format!("{{ {} }}", fields.iter().map(member).collect::<Vec<_>>().join(", ")),
        Ty::OneOf(forms) => forms.iter().map(print).collect::<Vec<_>>().join(" / "),
        Ty::Rule(rule) => rule.name.to_owned(),
    }
}

/// Choices in brackets where an occurrence stands before them.
fn grouped(ty: &Ty) -> String {
    match ty {
        Ty::OneOf(_) => format!("({})", print(ty)),
        Ty::Word(words) if words.len() > 1 => format!("({})", print(ty)),
        _ => print(ty),
    }
}

fn pattern(shape: Shape) -> String {
    const DATE: &str = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
    match shape {
        Shape::Decimal => decimal(DECIMAL_PLACES),
        Shape::Amount => decimal(MONEY_PLACES),
        Shape::Currency => "tstr .regexp \"[A-Z]{3}\"".to_owned(),
        Shape::Date => format!("tstr .regexp \"{DATE}\""),
        Shape::Local => format!("tstr .regexp \"{DATE}T([01][0-9]|2[0-3]):[0-5][0-9]\""),
    }
}

/// The second pattern is what keeps minus zero out: after a minus there is a digit other than 0.
fn decimal(places: usize) -> String {
    format!(
        "(tstr .regexp \"-?(0|[1-9][0-9]{{0,14}})([.][0-9]{{1,{places}}})?\") .and (tstr .regexp \"[^-].*|-.*[1-9].*\")"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::level;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
    const BEGIN: &str = "<!-- level-1 begin -->\n";
    const END: &str = "<!-- level-1 end -->";

    /// `COUNTERPART_BLESS=1` writes the page's part anew, for when the table has rightly changed.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test compares a file of the project; the crate reads none")]
    fn the_protocol_document_shows_the_level() {
        let section = format!("\n```cddl\n{}```\n\n", cddl(level(1).expect("level 1")));
        let page = std::fs::read_to_string(PAGE).expect("docs/protocol.md is there");
        let (before, rest) = page.split_once(BEGIN).expect("docs/protocol.md marks where level 1 begins");
        let (shown, after) = rest.split_once(END).expect("docs/protocol.md marks where level 1 ends");
        if std::env::var_os("COUNTERPART_BLESS").is_some() {
            std::fs::write(PAGE, [before, BEGIN, &section, END, after].concat()).expect("docs/protocol.md is writable");
            return;
        }
        assert!(shown == section, "docs/protocol.md shows another level 1; run the tests with COUNTERPART_BLESS=1");
    }

    #[test]
    fn long_choices_go_on() {
        let forms = vec!["x".repeat(60); 3];
        assert_eq!(choice("r", &forms[..1]), format!("r = {}\n", forms[0]));
        assert_eq!(choice("r", &forms), format!("r =\n  {0}\n  / {0}\n  / {0}\n", forms[0]));
    }
}
