//! The time stamps over a case: what each covers, who gave it, for what time, and whether that is believed.

use counterpart_core::{graph::Ix, id::StampId};
use counterpart_evidence::{Claims, JudgedStamp, Standing};

use crate::{
    clock::Time,
    teller::Teller,
    value::hex,
    words::{EntryName, Words, count, say},
};

/// The root certificate that vouches for a time stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// What it calls itself: text of a stranger.
    pub name: Option<String>,
    /// Hexadecimal.
    pub sha256: String,
}

/// One time stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub id: StampId,
    /// It covers these and all they rest on.
    pub heads: Vec<EntryName>,
    /// How many entries that is.
    pub covers: usize,
    /// For programs: `valid`, `untrusted`, `unchecked`, `broken`.
    pub standing: &'static str,
    /// The service's time; while nobody vouches for it what the stamp says of itself.
    pub at: Option<Time>,
    /// What the service calls itself: text of a stranger.
    pub service: Option<String>,
    /// By how many microseconds the time may be wrong, where the service says so.
    pub accuracy: Option<u64>,
    pub vouched: Option<Vouched>,
    /// What it comes to.
    pub says: Words,
    /// The entries that put it on record, and who signed them.
    pub on_record: Vec<(EntryName, String)>,
}

impl Stamp {
    /// As it is shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.standing {
            "valid" => "believed",
            "untrusted" => "not believed",
            "unchecked" => "not checked",
            _ => "does not hold",
        }
    }

    #[must_use]
    pub fn tone(&self) -> &'static str {
        match self.standing {
            "valid" => "good",
            "broken" => "bad",
            _ => "open",
        }
    }

    /// The drawn sign on it.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.standing {
            "valid" => "tick",
            "broken" => "cross",
            _ => "dotted",
        }
    }
}

/// The oldest first; those that say no time last.
pub(crate) fn stamps(teller: &Teller<'_>, judged: &[JudgedStamp]) -> Vec<Stamp> {
    let mut told: Vec<Stamp> = judged.iter().map(|stamp| self::stamp(teller, stamp)).collect();
    told.sort_by_key(|stamp| (stamp.at.as_ref().is_none(), stamp.at.as_ref().map(|at| at.at), stamp.id));
    told
}

fn stamp(teller: &Teller<'_>, judged: &JudgedStamp) -> Stamp {
    let mut vouched = None;
    let (at, service, accuracy) = match &judged.standing {
        Standing::Valid { at, accuracy, service, root, root_name } => {
            let name = root_name.as_deref().map(|name| counterpart_core::text::visible_line(name).into_owned());
            vouched = Some(Vouched { name, sha256: hex(root) });
            (Some(*at), service.as_deref(), *accuracy)
        }
        Standing::Untrusted { claims, .. } | Standing::Unchecked(claims) => {
            (Some(claims.at), claims.service.as_deref(), None)
        }
        Standing::Broken(_) => (None, None, None),
    };
    let by =
        |id: &counterpart_core::id::EntryId| Some((teller.entry(id), teller.author(teller.record.graph().find(id)?)));
    let covers = covered(teller, judged);
    Stamp {
        id: judged.id,
        heads: judged.heads.iter().map(|head| teller.entry(head)).collect(),
        covers,
        standing: judged.standing.as_str(),
        at: at.map(|at| teller.time(at)),
        service: service.map(|name| counterpart_core::text::visible_line(name).into_owned()),
        accuracy,
        vouched,
        says: says(&judged.standing, covers),
        on_record: judged.on_record.iter().filter_map(by).collect(),
    }
}

/// Entries that count among those it was asked for and what they rest on.
fn covered(teller: &Teller<'_>, judged: &JudgedStamp) -> usize {
    let graph = teller.record.graph();
    let heads: Vec<Ix> = judged.heads.iter().filter_map(|head| graph.find(head)).collect();
    graph.ordered().into_iter().filter(|ix| graph.covered_by(*ix, &heads)).count()
}

fn says(standing: &Standing, covers: usize) -> Words {
    let them = count(covers, "entry", "entries");
    let itself = |claims: &Claims| match claims.service {
        Some(_) => "The name and the time are what it says of itself",
        None => "The time is what it says of itself",
    };
    match standing {
        Standing::Valid { accuracy, .. } => {
            let words = say(match covers {
                1 => "The entry it covers was there by then".to_owned(),
                _ => format!("All {them} it covers were there by then"),
            });
            // Shorter than anybody reads off.
            let accuracy = accuracy.filter(|micros| *micros >= 10_000);
            words
                .maybe(accuracy, |words, micros| words.say(format!(", right to {} ms", micros.div_ceil(1000))))
                .say(".")
        }
        Standing::Untrusted { why, claims } => say(itself(claims))
            .say("; it proves no time here: ")
            .say(counterpart_core::text::visible_line(why))
            .say("."),
        Standing::Unchecked(claims) => {
            say(itself(claims)).say("; it proves no time here: no root certificate was named to check it with.")
        }
        Standing::Broken(why) => say("It proves nothing: ").say(counterpart_core::text::visible_line(why)).say("."),
    }
}
