//! Facts: what each side states, what is agreed, and how that came to be.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, Topic},
    fold::SubjectKey,
    graph::Ix,
    id::{EntryId, PartyId},
    value::ItemValue,
    view::{Answer, ItemView},
};

use super::{Details, files::erased_in_words, layout::width, line, listed, padded, sealable, wrapped};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    item_value,
    style::{Style, styled},
    when,
};

/// A fact as it stands, with values that differ side by side.
pub(super) fn item(case: &OpenCase, item: &ItemView, columns: usize) -> String {
    let mut lines = Vec::new();
    let mut value_lines = |head: &str, id: &EntryId, name: &str, value: &ItemValue| {
        match item_value::lines(value).as_slice() {
            [one] => lines.push(wrapped("    ", &format!("{head}: {one} ({name})"), columns)),
            several => {
                lines.push(wrapped("    ", &format!("{head} ({name}):"), columns));
                lines.extend(several.iter().map(|entry| wrapped("      - ", entry, columns)));
            }
        }
        lines.extend(answers_to(case, id, Details::Open).into_iter().map(|said| {
            let text = if said.contests { styled(Style::Warn, &said.text) } else { said.text };
            wrapped("      ", &text, columns)
        }));
    };
    if let Some((revision, value)) = &item.agreed {
        value_lines("agreed", revision, &case.entry_name(revision), value);
    }
    let labels = item.stated.iter().map(|s| width(&case.party_label(&s.party))).max().unwrap_or(0);
    for stated in &item.stated {
        let value = open_value(case, &stated.entry, &stated.value);
        let who = padded(&case.party_label(&stated.party), labels);
        let erased = case.record.erasures(&stated.entry);
        let told = erased.iter().map(|e| format!(", {}", erased_in_words(case, e))).collect::<String>();
        value_lines(
            &format!("{who} says"),
            &stated.entry,
            &format!("{}{told}", case.entry_name(&stated.entry)),
            &value,
        );
    }
    let title = item_title(case, item);
    let head = if item.disputed { format!("{title}: {}", styled(Style::Warn, "stated differently")) } else { title };
    format!("{}\n{}", wrapped("  ", &head, columns), lines.join("\n"))
}

/// What another side says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// That it is wrong; otherwise that it is right.
    pub contests: bool,
    /// "contested by Skyway Air in #18: shoes not needed".
    pub text: String,
}

/// What the others say of an entry, whether it is right or wrong, as far as they have not said otherwise since.
pub fn answers_to(case: &OpenCase, id: &EntryId, details: Details) -> Vec<Said> {
    let Some(ix) = case.record.graph().find(id) else { return Vec::new() };
    let one = |answer: &Answer| {
        let how = if answer.contests { "contested" } else { "acknowledged" };
        let (who, entry) = (case.party_label(&answer.party), named(case, answer.entry));
        let text = match details {
            Details::Open => answer.text.clone(),
            Details::Sealed => match case.record.fold().act(answer.entry) {
                Act::Contest { reason, .. } => Some(reason.clone()),
                Act::Acknowledge { note, .. } => note.clone(),
                _ => None,
            },
        };
        let text = text.as_ref().and_then(|text| text.open()).map(|text| format!(": {}", line(text)));
        Said { contests: answer.contests, text: format!("{how} by {who} in {entry}{}", text.unwrap_or_default()) }
    };
    case.record.answers(ix).iter().map(one).collect()
}

fn named(case: &OpenCase, ix: Ix) -> String {
    case.entry_name(&case.record.graph().id(ix))
}

/// What a fact is called: by the label somebody gave it last, with its name behind.
pub fn item_title(case: &OpenCase, item: &ItemView) -> String {
    let key = line(&item.key);
    let stated = case.record.fold().statements_of(&item.key);
    let earlier =
        stated.iter().rev().filter(|ix| case.lens().has(**ix)).find_map(|ix| match case.record.laid_open(*ix) {
            Act::Item { label, .. } => label,
            _ => None,
        });
    item.label.clone().or(earlier).map_or_else(|| key.clone(), |label| format!("{} ({key})", sealable(&label)))
}

/// A stated value, laid open where its sealed part is here.
pub fn open_value(case: &OpenCase, entry: &EntryId, value: &ItemValue) -> ItemValue {
    let stated = case.record.graph().find(entry).map(|ix| case.record.laid_open(ix));
    match stated {
        Some(Act::Item { value, .. }) => value,
        _ => value.clone(),
    }
}

/// One version of a fact.
#[derive(Debug, Clone)]
pub struct ItemLine {
    pub ix: Ix,
    pub id: EntryId,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub party: PartyId,
    pub value: ItemValue,
    /// "stated", "proposed", or "agreed".
    pub what: &'static str,
    /// Neither replaced nor answered by a later one.
    pub stands: bool,
    /// Actions whose terms rest on this version, by name.
    pub used_by: Vec<String>,
}

/// A fact by its name.
fn view<'c>(case: &'c OpenCase, key: &str) -> Option<&'c ItemView> {
    case.view().items.iter().find(|item| item.key == key)
}

/// Every version of a fact, oldest first.
pub fn item_history(case: &OpenCase, key: &str) -> Done<Vec<ItemLine>> {
    let (graph, fold, lens) = (case.record.graph(), case.record.fold(), case.lens());
    let subject = SubjectKey::Item(key.to_owned());
    let stated = fold.statements_of(key);
    let proposed = fold.revisions_of(&subject);
    let (item, used) = (view(case, key), used_by(case));
    let standing = |id: &EntryId| {
        item.is_some_and(|item| {
            item.stated.iter().any(|s| s.entry == *id) || item.agreed.as_ref().is_some_and(|(agreed, _)| agreed == id)
        })
    };
    let mut lines = Vec::new();
    for ix in stated.iter().chain(proposed).copied().filter(|ix| lens.has(*ix)) {
        let id = graph.id(ix);
        let (value, what) = match case.record.laid_open(ix) {
            Act::Item { value, .. } => (value, "stated"),
            _ => match lens.subject(ix, &subject).map(|s| &s.topic) {
                Some(Topic::Item { value, .. }) => {
                    (value.clone(), if lens.fully_signed(ix) { "agreed" } else { "proposed" })
                }
                _ => continue,
            },
        };
        let open = what == "proposed" && lens.is_open(ix);
        let statement = graph.statement(ix);
        lines.push(ItemLine {
            ix,
            id,
            at: statement.at,
            party: statement.party,
            value,
            what,
            stands: standing(&id) || open,
            used_by: used.get(&id).cloned().unwrap_or_default(),
        });
    }
    if lines.is_empty() {
        let keys: Vec<String> = case.view().items.iter().map(|i| line(&i.key)).collect();
        let error = CommandError::usage(format!("no fact is called '{key}' in this case"));
        return Err(match keys.as_slice() {
            [] => error.hint(format!("state one: counterpart item {} {key} VALUE", case.short())),
            _ => error.hint(format!("the facts stated are {}", keys.join(", "))),
        });
    }
    lines.sort_by_key(|l| graph.order(l.ix));
    Ok(lines)
}

/// The actions whose terms rest on versions of facts, by version.
fn used_by(case: &OpenCase) -> BTreeMap<EntryId, Vec<String>> {
    let lens = case.lens();
    let mut used: BTreeMap<EntryId, Vec<String>> = BTreeMap::new();
    for action in &case.view().actions {
        for id in action.terms(&lens).map_or(&[][..], |terms| &terms.items) {
            let of_version = used.entry(*id).or_default();
            let name = case.subject_name(&action.key);
            if !of_version.contains(&name) {
                of_version.push(name);
            }
        }
    }
    used
}

/// The history of a fact for so many columns.
pub fn write_item(case: &OpenCase, key: &str, lines: &[ItemLine], columns: usize) -> String {
    let mut out =
        vec![styled(Style::Strong, &view(case, key).map_or_else(|| line(key), |item| item_title(case, item)))];
    let names = lines.iter().map(|l| width(&case.entry_name(&l.id))).max().unwrap_or(0);
    let times: Vec<String> = lines.iter().map(|l| when::show_short(l.at, case.zone(), case.now)).collect();
    let time_width = times.iter().map(|t| width(t)).max().unwrap_or(0);
    for (l, time) in lines.iter().zip(&times) {
        let first = format!("  {}  {}  ", padded(&case.entry_name(&l.id), names), padded(time, time_width));
        out.push(wrapped(&first, &version_in_words(case, l), columns));
    }
    out.join("\n")
}

/// A version of a fact: who said what, and what became of it.
pub fn version_in_words(case: &OpenCase, version: &ItemLine) -> String {
    let who = case.party_label(&version.party);
    let value = item_value::show(&version.value);
    let said = match (version.what, version.stands) {
        ("stated", true) => format!("{who} says: {value}"),
        ("stated", false) => format!("{who} said: {value} (replaced)"),
        ("agreed", true) => format!("agreed: {value} (proposed by {who})"),
        ("agreed", false) => format!("was agreed: {value} (replaced)"),
        (_, true) => format!("{who} proposes: {value}"),
        (_, false) => format!("{who} proposed: {value} (not agreed)"),
    };
    let answers = answers_to(case, &version.id, Details::Open).into_iter().map(|answer| answer.text);
    let rests = listed(version.used_by.iter().cloned());
    let rests = (!rests.is_empty()).then(|| format!("{rests} rests on it"));
    std::iter::once(said).chain(answers).chain(rests).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{Two, open},
        json, render, summary,
    };

    /// A value that the other side contested, or acknowledged, never stands as if nobody had said a word of it.
    #[test]
    fn what_the_other_side_says_of_a_fact_stands_beside_it() {
        type Answers = fn(EntryId) -> Act;
        let contests: Answers = |entry| Act::Contest { entry, reason: open("shoes not\nneeded") };
        let acknowledges: Answers = |entry| Act::Acknowledge { entry, note: None };
        let table: [(&[Answers], &str, &str); 3] = [
            (&[contests], "contested by party 1 in #6: shoes not / needed", "contested"),
            (&[acknowledges], "acknowledged by party 1 in #6", "acknowledged"),
            (&[acknowledges, contests], "contested by party 1 in #7: shoes not / needed", "contested"),
        ];
        for (answers, told, word) in table {
            let mut two = Two::new();
            let value = ItemValue::Integer(120);
            let stated = two.act(0, &Act::Item { key: "shoes".to_owned(), value, label: None, note: None });
            for answer in answers {
                two.act(1, &answer(stated));
            }
            let case = two.seen_by(0);
            let shown = anstream::adapter::strip_str(&render::show(&case, 200)).to_string();
            let under = format!("party 0 says: 120 (#5)\n      {told}");
            assert!(shown.contains(&under), "{shown}");
            let page = summary::one_page(&case);
            assert!(page.contains(&format!("shoes: 120 (so says party 0 in #5; {told})")), "{page}");
            assert_eq!(page.contains("Facts: shoes (contested)"), word == "contested", "{page}");
            let history = item_history(&case, "shoes").expect("it was stated");
            assert!(version_in_words(&case, &history[0]).ends_with(told));
            let show = serde_json::to_value(json::show(&case)).expect("it is data");
            let said = &show["items"][0]["stated"][0]["answers"];
            assert_eq!((said.as_array().map(Vec::len), &said[0]["says"]), (Some(1), &word.into()), "{said}");
            let history = json::item_history(&case, "shoes", &history);
            assert_eq!(&history["versions"][0]["answers"], said);
        }
    }
}
