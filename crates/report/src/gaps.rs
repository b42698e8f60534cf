//! What a reader might take for proven, and is not.

use counterpart_core::id::PartyId;

use crate::{
    attested::Attestations,
    facts::File,
    teller::Teller,
    timeline::{Effect, Line},
    words::{EntryName, Words, count, say},
};

/// How many entries are named before the rest is counted.
const NAMED: usize = 40;

pub(crate) fn gaps(teller: &Teller<'_>, attested: &Attestations, lines: &[Line], files: &[File]) -> Vec<Words> {
    let mut told = vec![
        say(
            "Who stands behind an identity. What is proven is that the holder of its keys signed; the name beside it was \
             given by whoever opened the case or the seat.",
        ),
        say("That what was signed is true. A signature proves who says so and what exactly they say."),
        say(
            "That nothing newer exists. Whoever gives away a copy could leave out the newest entries, on which nothing \
             rests; the other copies would show them.",
        ),
    ];
    let names =
        |wanted: &dyn Fn(&Line) -> bool| lines.iter().filter(|l| wanted(l)).map(|l| l.name.clone()).collect::<Vec<_>>();
    let alone = names(&|l| l.grade.word == "unilateral");
    if !alone.is_empty() {
        told.push(listed("That anybody but the author has ", alone, "; a copy that came later may show more."));
    }
    let untimed = names(&|l| l.proven.not_before.is_none() && l.proven.not_after.is_none());
    if !untimed.is_empty() {
        told.push(listed("When these were signed; only their authors say: ", untimed, "."));
    }
    let halves = names(&|l| l.proven.not_before.is_some() != l.proven.not_after.is_some());
    if !halves.is_empty() {
        told.push(listed("When exactly these were signed; only one end of the time is proven: ", halves, "."));
    }
    told.push(say(match attested.stamps() {
        [] => "That any clock is right. Where a time is proven it is proven by the clock of another party, which is named.",
        _ => {
            "That any clock is right. Where a time is proven it is proven by the clock of another party, which is named, \
             or by a time stamp of a service that whoever made this report chose to believe."
        }
    }));
    told.extend(not_received(teller, attested, lines));
    told.extend(only_stored(teller, attested, lines));
    let sealed = lines.iter().filter(|l| {
        let ix = teller.record.graph().find(&l.id);
        ix.is_some_and(|ix| !teller.record.lacking_values(ix).is_empty())
    });
    let sealed: Vec<EntryName> = sealed.map(|l| l.name.clone()).collect();
    if !sealed.is_empty() {
        told.push(listed("What stands in the sealed values of ", sealed, "; they are not in this copy."));
    }
    let not_held = files.iter().filter(|f| !f.held).count();
    if not_held > 0 {
        let files = count(not_held, "file", "files");
        told.push(say(format!(
            "The contents of {files} named here: the bytes are not with this copy. A file that has the same SHA-256 is \
             the one that was meant."
        )));
    }
    let unjudged = names(&|l| l.effect == Effect::NotJudged);
    if !unjudged.is_empty() {
        told.push(listed("What ", unjudged, " means: this version of the program cannot judge it."));
    }
    told
}

/// What nobody's signature shows some party to have; once where it is the same for several.
fn not_received(teller: &Teller<'_>, attested: &Attestations, lines: &[Line]) -> Vec<Words> {
    let mut groups: Vec<(Vec<EntryName>, Vec<Words>)> = Vec::new();
    for party in attested.parties() {
        let lacks = lines.iter().filter(|l| l.party != *party && !l.held_by.contains(party));
        let lacks: Vec<EntryName> = lacks.map(|l| l.name.clone()).collect();
        if lacks.is_empty() || lacks.len() == lines.len() {
            continue;
        }
        let who = Words::new().who(&teller.party(party));
        match groups.iter_mut().find(|(known, _)| *known == lacks) {
            Some((_, parties)) => parties.push(who),
            None => groups.push((lacks, vec![who])),
        }
    }
    let told = |(lacks, parties): (Vec<EntryName>, Vec<Words>)| {
        let lead = say(if parties.len() == 1 { "That " } else { "That any of " }).listed(parties).say(" has ");
        lead.then(numbers(lacks)).say(". It is not said that they were not received.")
    };
    groups.into_iter().map(told).collect()
}

/// What only a party's mailbox signed for having.
fn only_stored(teller: &Teller<'_>, attested: &Attestations, lines: &[Line]) -> Vec<Words> {
    let told = |party: &PartyId| {
        let stored = lines.iter().filter(|l| l.at_mailbox.contains(party)).map(|l| l.name.clone());
        let stored: Vec<EntryName> = stored.collect();
        let who = || Words::new().who(&teller.party(party));
        let lead = say("That ").then(who()).say(" looked at ");
        (!stored.is_empty()).then(|| lead.then(numbers(stored)).say("; only their mailbox signed for having it."))
    };
    attested.parties().filter_map(told).collect()
}

fn listed(lead: &str, names: Vec<EntryName>, end: &str) -> Words {
    say(lead).then(numbers(names)).say(end)
}

fn numbers(names: Vec<EntryName>) -> Words {
    let rest = names.len().saturating_sub(NAMED);
    let mut parts: Vec<Words> = names.into_iter().take(NAMED).map(|name| Words::new().entry(name)).collect();
    if rest > 0 {
        parts.push(say(count(rest, "more entry", "more entries")));
    }
    Words::new().listed(parts)
}
