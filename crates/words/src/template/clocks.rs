//! `[clocks]`: until when the other side answers and has it resolved, proposed as service clocks.

use counterpart_process::clocks::Which;

use super::{
    Action,
    check::CHECKED_IN,
    problem::nearest,
    toml::{KeyLine, Reader, Section},
};
use crate::clocks::ClocksTyped;

/// The clocks that a template proposes.
#[derive(Debug, Clone)]
pub struct ClocksAsked {
    pub typed: ClocksTyped,
    /// The action that they are proposed together with: resolved is then what it asks for.
    pub with: Option<String>,
}

const KEYS: &[KeyLine] = &[
    ("by", "by = \"supplier\""),
    ("first-answer", "first-answer = \"8 hours\""),
    ("next-update", "next-update = \"16 hours\""),
    ("resolution", "resolution = \"40 hours\""),
    ("with", "with = \"repair\""),
    ("hours", "hours = [\"mon-fri 09:00-17:00\"]"),
    ("zone", "zone = \"Europe/London\""),
    ("holidays", "holidays = \"GB-ENG\""),
];

/// The section, if the file has it.
pub(super) fn clocks(reader: &mut Reader<'_>, top: &Section<'_>, actions: &[Action]) -> Option<ClocksAsked> {
    let section = reader.section(top, "clocks", "the section of clocks", KEYS)?;
    let mut text = |key: &str| reader.text(&section, key).map(|text| text.text);
    let by = text("by");
    let lengths = Which::ALL.into_iter().filter_map(|which| Some((which, text(which.as_str())?))).collect();
    let zone = text("zone");
    let mut texts = |key: &str| reader.texts(&section, key).into_iter().map(|text| text.text).collect();
    let (hours, holidays) = (texts("hours"), texts("holidays"));
    let typed = ClocksTyped { by, lengths, hours, zone, holidays };
    let with = reader.text(&section, "with");
    if let Some(with) = with.as_ref().filter(|with| !actions.iter().any(|a| a.id == with.text)) {
        let ids: Vec<&str> = actions.iter().map(|a| a.id.as_str()).filter(|id| !id.is_empty()).collect();
        let meant = nearest(&with.text, ids.iter().copied()).or(ids.first().copied());
        let message = format!("no action has the id '{}'; actions are {}", with.text, ids.join(", "));
        let instead = meant.map(|id| format!("with = \"{id}\""));
        reader.problem(with.at.start, message, instead.as_deref());
    }
    if let Err(error) = typed.read(CHECKED_IN.zone, CHECKED_IN.now) {
        let hint = if typed.lengths.is_empty() { Some("first-answer = \"8 hours\"") } else { None };
        reader.problem(section.at, error.message, hint);
    }
    Some(ClocksAsked { typed, with: with.map(|with| with.text) })
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{Act, Role, SeatOffer, Topic},
        value::{Sealable, Seat},
    };
    use counterpart_process::clocks::{Agreed, KEY};

    use crate::{
        item_value::{Here, no_files},
        template::{Answers, Plan, Seats, read},
    };

    const HERE: Here<'_> = Here { zone: "Europe/London", now: 1_782_896_400_000, file: no_files };

    fn plan(clocks: &str, roles: &[Role]) -> Result<Plan, String> {
        let text = format!(
            "template = 1\nname = \"t\"\nversion = 1\ntitle = \"T\"\nabout = \"A\"\n\
             [[action]]\nid = \"mend\"\nwhat = \"Mend it\"\nby = \"third\"\nfor = \"customer\"\n\
             [clocks]\nresolution = \"40 hours\"\n{clocks}\n"
        );
        let template = read(text.as_bytes()).map_err(|problems| format!("{problems:?}"))?;
        let offer = |role: &Role| SeatOffer { role: *role, label: Sealable::Open(role.as_str().to_owned()) };
        let seats: Vec<SeatOffer> = roles.iter().map(offer).collect();
        Plan::new(&template, &Answers::default(), Seats(&seats), HERE).map_err(|error| error.message)
    }

    #[test]
    fn clocks_are_proposed_with_their_action_or_by_themselves_and_by_everybody() {
        let all = [Role::Customer, Role::Supplier, Role::Third, Role::Observer];
        for (line, parts) in [("with = \"mend\"", &[3][..]), ("zone = \"UTC\"", &[1, 2])] {
            let plan = plan(line, &all).expect("a plan");
            let proposals: Vec<_> = plan
                .acts
                .iter()
                .filter_map(|act| match act {
                    Act::Propose(proposal) => Some(proposal),
                    _ => None,
                })
                .collect();
            assert_eq!(proposals.iter().map(|p| p.subjects.len()).collect::<Vec<_>>(), parts, "{line}");
            let last = proposals.last().expect("a proposal");
            // The supplier neither does anything nor has it done; the clocks are theirs all the same.
            assert_eq!(last.signers, [0, 1, 2].map(Seat::Number));
            let value = last.subjects.iter().find_map(|subject| match &subject.topic {
                Topic::Item { key, value } if key == KEY => Some(value),
                _ => None,
            });
            let agreed = Agreed::read(value.expect("the clocks")).expect("good clocks");
            assert_eq!((agreed.by, agreed.clocks[0].1), (Role::Supplier, 40 * 3600));
        }
        let alone = plan("", &[Role::Customer, Role::Third]).expect_err("nobody whose clocks they are");
        assert!(alone.contains("clocks are of the supplier"), "{alone}");
    }
}
