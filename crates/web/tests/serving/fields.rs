//! The fields of a form: read from a page as a browser reads them, typed into, and written as it sends them.

/// A name or a value as a browser writes it into what it sends.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What stands between one text and the next occurrence of another.
pub(crate) fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, after) = text.split_once(from).expect(from);
    after.split_once(to).expect(to).0
}

/// Without the marks that markup is written with.
pub(crate) fn unescaped(text: &str) -> String {
    // The ampersand last: before, it would make marks that were not there.
    let marks = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    marks.iter().fold(text.to_owned(), |text, (mark, sign)| text.replace(mark, sign))
}

/// The value of an attribute, by what stands in its tag.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescaped(after.split('"').next()?))
}

/// What a browser would send of the form that stands last on a page, by none of its named buttons.
pub(crate) fn fields_of(page: &str) -> Vec<(String, String)> {
    let form = page.rsplit("<form method=\"post\"").next().expect("a form");
    let form = form.split("</form>").next().expect("its end");
    let mut fields = Vec::new();
    for (at, _) in form.match_indices('<') {
        let (_, rest) = form.split_at(at);
        let (tag, body) = rest.split_once('>').expect("the end of a tag");
        let Some(name) = attribute(tag, "name").filter(|_| !tag.starts_with("<button")) else { continue };
        let value = if tag.starts_with("<textarea") {
            let text = body.split("</textarea>").next().expect("its end");
            unescaped(text.strip_prefix('\n').unwrap_or(text))
        } else if tag.starts_with("<select") {
            let options = body.split("</select>").next().expect("its end");
            let chosen = options.split("<option").find(|o| o.contains(" selected>"));
            let first = options.split("<option").nth(1).expect("an option");
            unescaped(between(chosen.unwrap_or(first), "value=\"", "\""))
        } else {
            let ticked = matches!(attribute(tag, "type").as_deref(), Some("checkbox" | "radio"));
            if ticked && !tag.ends_with(" checked") {
                continue;
            }
            attribute(tag, "value").unwrap_or_default()
        };
        fields.push((name, value));
    }
    fields
}

/// Types into fields, over what was in them; `-` takes a tick out.
pub(crate) fn fill(fields: &mut Vec<(String, String)>, typed: &[(&str, &str)]) {
    for (name, value) in typed {
        fields.retain(|(known, _)| known != name);
        if *value != "-" {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
}
