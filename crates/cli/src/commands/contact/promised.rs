//! `--promised WHAT --by TIME --promised-by WHO`, several times: which belongs to which is told by where it stands.

use clap::{Arg, ArgAction, ArgMatches, Command};
use counterpart_process::call::Promise;

use crate::error::{CommandError, Done};

const WHAT: &str = "promised";
const BY: &str = "promised_due";
const WHO: &str = "promised_by";

/// The options of promises in the order they were typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Promised(Vec<(&'static str, String)>);

impl clap::Args for Promised {
    fn augment_args(command: Command) -> Command {
        let option = |id: &'static str, long: &'static str, value: &'static str, help: &'static str| {
            Arg::new(id).long(long).value_name(value).help(help).action(ArgAction::Append)
        };
        command
            .arg(option(WHAT, "promised", "WHAT", "Something they promised, such as \"Call back\"; repeat for more"))
            .arg(option(
                BY,
                "by",
                "TIME",
                "By when: \"friday 17:00\", \"2026-07-08\", \"in 3 working days\"; behind its --promised",
            ))
            .arg(option(WHO, "promised-by", "NAME", "Who promised it, if not whom you spoke to; behind its --promised"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Promised {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut all: Vec<(usize, &'static str, String)> = Vec::new();
        for id in [WHAT, BY, WHO] {
            let values = matches.get_many::<String>(id).into_iter().flatten().cloned();
            let places = matches.indices_of(id).into_iter().flatten();
            all.extend(places.zip(values).map(|(place, value)| (place, id, value)));
        }
        all.sort_unstable();
        Ok(Self(all.into_iter().map(|(_, id, value)| (id, value)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Promised {
    /// The promises: what stands behind one, and before the next, is said of it.
    pub(super) fn promises(&self) -> Done<Vec<Promise>> {
        let mut promises: Vec<Promise> = Vec::new();
        let example = "--promised \"Call back\" --by \"friday 17:00\" --promised-by Dean";
        for (id, value) in &self.0 {
            let name = if *id == BY { "--by" } else { "--promised-by" };
            if *id == WHAT {
                promises.push(Promise { what: value.clone(), ..Promise::default() });
                continue;
            }
            let Some(last) = promises.last_mut() else {
                return Err(
                    CommandError::usage(format!("{name} stands before the promise it belongs to")).hint(example)
                );
            };
            let place = if *id == BY { &mut last.by } else { &mut last.who };
            if place.replace(value.clone()).is_some() {
                return Err(CommandError::usage(format!("{name} stands twice behind --promised \"{}\"", last.what))
                    .hint(example));
            }
        }
        Ok(promises)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn read(typed: &[&str]) -> Done<Vec<Promise>> {
        let command = Promised::augment_args(Command::new("call"));
        let matches = command.get_matches_from(std::iter::once(&"call").chain(typed));
        Promised::from_arg_matches(&matches).expect("understood").promises()
    }

    #[test]
    fn each_promise_has_what_stands_behind_it() {
        let promises = read(&[
            "--promised",
            "Call back",
            "--by",
            "friday",
            "--promised",
            "Refund",
            "--promised-by",
            "Dean",
            "--promised",
            "A letter",
        ]);
        let promise = |what: &str, by: Option<&str>, who: Option<&str>| Promise {
            what: what.to_owned(),
            by: by.map(str::to_owned),
            who: who.map(str::to_owned),
        };
        let expected = vec![
            promise("Call back", Some("friday"), None),
            promise("Refund", None, Some("Dean")),
            promise("A letter", None, None),
        ];
        assert_eq!(promises, Ok(expected));
    }

    #[test]
    fn what_belongs_to_no_promise_is_said() {
        let early = read(&["--by", "friday", "--promised", "Refund"]).expect_err("which one?");
        assert!(early.message.contains("before the promise"), "{}", early.message);
        let twice = read(&["--promised", "Refund", "--by", "friday", "--by", "monday"]).expect_err("which one?");
        assert!(twice.message.contains("twice"), "{}", twice.message);
    }
}
