//! What is proven, and what is given to others of it: the file that anybody can verify, the report, time stamps; and whether a
//! file that somebody gave holds.

use std::{collections::BTreeSet, io::Read as _};

use counterpart_evidence::stamps_over;
use counterpart_node::{Desk, PATIENCE, Scope, StampError, due_instant, now};
use counterpart_report::{Report, Source};
use counterpart_words::{
    bundle::bundle,
    case::OpenCase,
    disclosure::{Disclosure, leave_out_all},
    render,
    stamped::stamp_json,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    asked::{Answer, Asked},
    once::once,
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, Digest},
    table::{Gives, Operation, of},
};

/// What a place in the list of time stamps is a place in.
const STAMPS: &str = "stamps";

/// Things beside the record that are named one by one.
const MOST: usize = 1_000;

/// A file to be judged takes about four times its length in memory, and whoever made it chose what is in it.
const MOST_TO_JUDGE: u64 = 32 << 20;

/// Attached files that an export made here carries, in bytes: they are in memory while it is made.
const MOST_FILES: u64 = 128 << 20;

pub(super) const ALL: &[Operation] = &[
    Operation::post("/cases/{case}/evidence", "export_evidence", "The case as one file that anybody can verify")
        .about(
            "Signed by the home that it is all its copy held; it binds nobody. Sealed values and files that are here go in open, but \
             for those left out.",
        )
        .json(of::<Given>)
        .gives(Gives::File("application/zip"))
        .does_whole(export),
    Operation::post("/cases/{case}/report", "make_report", "The case as one page to be read or printed")
        .json(of::<Given>)
        .gives(Gives::File("text/html"))
        .does_whole(report),
    Operation::post("/verify", "verify_evidence", "Whether such a file holds, and what it proves")
        .about("At most 32 MiB; `counterpart-verify` judges larger ones. A file that does not hold is answered as well: `verified` is false then, and `what` says why.")
        .file(MOST_TO_JUDGE)
        .answers(of::<AsCommand>)
        .does_whole(verify),
    Operation::get("/cases/{case}/stamps", "list_stamps", "The time stamps of a case, and what waits for one")
        .about("`would_send` is what asking for one now would send, and to whom; nothing where no service is chosen here.")
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does_in_case(stamps),
    Operation::post("/cases/{case}/stamps", "ask_stamp", "Asks the chosen service for a time stamp")
        .about("Sends the hash that `would_send` named, and nothing else of the case; it is repeated here.")
        .scope(Scope::Sign)
        .json(of::<Stamping>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does_in_case(stamp),
];

/// What of the things beside the record goes in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "EvidenceToGive")]
struct Given {
    /// What is left out as a whole.
    leave_out: LeaveOut,
    /// What is left out one by one: by entry and place, such as `7/person` or `9/file`; `7` for all of that entry.
    #[schemars(length(max = 1_000))]
    withhold: Vec<String>,
    /// If there is any, everything else beside the record is left out.
    #[schemars(length(max = 1_000))]
    only: Vec<String>,
}

/// What is left out as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LeaveOut {
    #[default]
    Nothing,
    /// Every sealed value.
    Values,
    /// Every file.
    Files,
    All,
}

/// The case as it is given: what is left out is not in this copy in memory any more.
fn given(asked: &Asked, desk: &Desk) -> Result<OpenCase, Problem> {
    let wish: Given = asked.json()?;
    for (place, all) in [("/withhold", &wish.withhold), ("/only", &wish.only)] {
        if all.len() > MOST {
            return Err(Problem::of_field(place, format!("at most {MOST} of them")));
        }
    }
    let mut case = asked.case(desk)?;
    if !wish.withhold.is_empty() || !wish.only.is_empty() {
        let chosen = Disclosure { withhold: wish.withhold, only: wish.only };
        chosen.apply(&mut case).map_err(Problem::refused)?;
    }
    let (values, files) = match wish.leave_out {
        LeaveOut::Nothing => (false, false),
        LeaveOut::Values => (true, false),
        LeaveOut::Files => (false, true),
        LeaveOut::All => (true, true),
    };
    leave_out_all(&mut case, values, files);
    Ok(case)
}

fn export(asked: &Asked) -> Result<Answer, Problem> {
    // The home answers for what its copy holds; a seat's key is not granted that.
    let desk = asked.app.desk();
    let case = given(asked, desk)?;
    let files: BTreeSet<_> = case.record.attachments().into_iter().map(|attachment| attachment.named.file).collect();
    let held = files.iter().filter(|file| case.record.holds_file(file)).map(|file| file.size);
    if held.fold(0, u64::saturating_add) > MOST_FILES {
        let message = format!("the attached files are more than the {} MiB that an answer carries", MOST_FILES >> 20);
        return Err(Problem::new(Kind::Large, message)
            .hint("leave them out (\"leave_out\": \"files\"), or write the file with the command `export`"));
    }
    let bytes = bundle(desk, &case).map_err(Problem::refused)?;
    asked.made(&bytes, "application/zip", format!("{}.zip", case.short()))
}

fn report(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.app.desk();
    let case = given(asked, desk)?;
    let kept = desk.stamps_over(&case.record)?.into_iter().map(|held| held.kept);
    let roots = desk.stamp_roots()?;
    let source = Source {
        record: &case.record,
        made_at: now(),
        holder: Some(desk.party()),
        bundle: None,
        stamps: &stamps_over(&case.record, kept, roots.as_ref()),
        due: &due_instant,
    };
    let failed = || Problem::new(Kind::Failed, "the report could not be made");
    let html = Report::of(&source).ok_or_else(failed)?.html(None).map_err(|_no_memory| failed())?;
    asked.made(html.as_bytes(), "text/html", format!("{}.html", case.short()))
}

fn verify(asked: &Asked) -> Result<Answer, Problem> {
    let came = asked.file.as_ref().filter(|came| came.file.size > 0);
    let came = came
        .ok_or_else(|| Problem::malformed("the body", "no file came").hint("send the bytes of the file as the body"))?;
    let disk = |why: std::io::Error| Problem::new(Kind::Disk, format!("the file could not be read: {why}"));
    let mut bytes = Vec::with_capacity(usize::try_from(came.file.size).unwrap_or(0));
    let mut file = came.path.reopen().map_err(disk)?;
    file.read_to_end(&mut bytes).map_err(disk)?;
    let line = match counterpart_evidence::verify(&bytes, &|_, _| {}) {
        Ok(verdict) => verdict.to_json(),
        Err(failure) => failure.to_json(),
    };
    let failed = |_why| Problem::new(Kind::Failed, "the verdict could not be written");
    Ok(Answer::Json(serde_json::from_str(&line).map_err(failed)?))
}

fn stamps(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    told(&desk, &case, Some(&page))
}

/// The time stamps of a case: a page of them, or all.
fn told(desk: &Desk, case: &OpenCase, page: Option<&Page>) -> Result<Answer, Problem> {
    let settings = desk.stamp_settings()?;
    let waiting = desk.wanted_stamps()?.into_iter().filter(|wanted| wanted.case == case.id);
    let waiting: Vec<Json> = waiting
        .map(|wanted| {
            let (id, name) = (wanted.entry.to_hex(), case.entry_name(&wanted.entry));
            json!({"entry": id, "ref": name, "since": wanted.since, "trouble": wanted.trouble})
        })
        .collect();
    let would_send = match (&settings, desk.stamp_roots()?) {
        (Some(settings), Some(_)) => {
            let imprint = render::hex(&desk.stamp_request(&case.record)?.imprint);
            json!({"service": settings.service.as_str(), "imprint": imprint})
        }
        _ => Json::Null,
    };
    let held = desk.stamps_over(&case.record)?;
    let (held, next) = match page {
        Some(page) => paging::page(STAMPS, page, held.into_iter().map(|one| (one.id.to_hex(), one)).collect())?,
        None => (held, None),
    };
    let held: Vec<Json> = held.iter().map(|held| stamp_json(case, held)).collect();
    Ok(Answer::Json(json!({
        "schema": "counterpart/stamps/1",
        "case": case.id.to_hex(),
        "service": settings.as_ref().map(|settings| settings.service.as_str()),
        "at_agreements": settings.as_ref().is_some_and(|settings| settings.at_agreements),
        "stamps": held,
        "waiting": waiting,
        "would_send": would_send,
        "next": next,
    })))
}

/// What is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StampToAsk")]
struct Stamping {
    /// The hash that `would_send` named.
    imprint: Digest,
}

fn stamp(asked: &Asked) -> Result<Answer, Problem> {
    let Stamping { imprint } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let work = || {
        let (Some(settings), Some(roots)) = (desk.stamp_settings()?, desk.stamp_roots()?) else {
            let why = "no time-stamp service is chosen here, or nobody whose word on the time is taken";
            return Err(Problem::new(Kind::Refused, why)
                .hint("whoever runs this home chooses one, by the command or on the pages"));
        };
        let request = desk.stamp_request(&case.record)?;
        let now = render::hex(&request.imprint);
        if now != *imprint {
            let why =
                "what would be sent is another hash than the one that came with the request: something came meanwhile";
            return Err(Problem::new(Kind::Changed, why)
                .hint("show this one, and repeat it")
                .with("imprint", json!(now)));
        }
        let failed = |why: StampError| match why {
            StampError::Desk(why) => why.into(),
            why => Problem::new(Kind::Refused, format!("there is no time stamp: {why}"))
                .hint("nothing was kept, and nothing is lost: ask again later"),
        };
        let answer = request.send(&settings.service, PATIENCE).map_err(|why| failed(why.into()))?;
        let held = desk.keep_stamp(&request, &answer, &roots).map_err(failed)?;
        Ok((json!(held.id.to_hex()), told(&desk, &case, None)?))
    };
    once(asked, &desk, work, |_| told(&desk, &case, None))
}
