//! The story the demo plays: a broadband price, from the first call to the closing.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, PartyRef, Proposal, Subject, Topic},
    fold::{InForce, SubjectKey},
    id::EntryId,
    record::Record,
    value::{ActionId, Decimal, Due, ItemValue, Money, Sealable, Seat},
};

use super::stage::{Stage, ZONE, time};
use crate::{
    error::{CommandError, Done},
    when,
};

const KEITH: u32 = 0;
const NORTHLINK: u32 = 1;

/// What the customer saw on the supplier's page, as a picture.
const ADVERT: &str = concat!(
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"320\" height=\"120\" font-family=\"sans-serif\">",
    "<rect width=\"320\" height=\"120\" fill=\"#eef3ff\"/>",
    "<text x=\"20\" y=\"45\" font-size=\"22\">Fibre 150</text>",
    "<text x=\"20\" y=\"90\" font-size=\"30\" font-weight=\"bold\">\u{a3}24.99 a month</text></svg>\n"
);

pub(super) async fn play(stage: &mut Stage) -> Done {
    alone(stage).await?;
    stage.title("The supplier is invited and joins over the network");
    stage.join("2026-07-06 08:30").await?;
    let ring = promises(stage).await?;
    let price = negotiate(stage).await?;
    perform(stage, &ring, &price).await?;
    close(stage).await
}

/// What the customer notes before anybody else has joined.
async fn alone(stage: &Stage) -> Done {
    stage.title("The customer alone: what he knows, and a call");
    let keith = &stage.customer;
    let open = |t: &str| Sealable::Open(t.to_owned());
    let money = |amount| Money::parse(amount, "GBP").map(ItemValue::Money).map_err(bad);
    let speed = |local: &str, down: &str| {
        let (instant, local, zone) = when::absolute(local, ZONE, 0).map_err(bad)?;
        let number = Decimal::parse(down).map_err(bad)?;
        Ok::<_, CommandError>(ItemValue::Record(vec![
            ("at".to_owned(), ItemValue::Time { instant, local, zone }),
            ("down".to_owned(), ItemValue::Decimal { number, unit: Some("Mbit/s".to_owned()) }),
        ]))
    };
    let speeds = vec![speed("2026-07-01 20:15", "61.4")?, speed("2026-07-02 20:40", "58.9")?];
    let advert = stage.file(keith, "advert-fibre150.svg", ADVERT)?;
    let items = [
        ("account_no", ItemValue::Text(open("NL-4471-0093"))),
        ("address", ItemValue::Address(open("12 Alma Road, Leeds LS6 2AH"))),
        ("plan", ItemValue::Choice("Fibre150".to_owned())),
        ("price_now", money("49.99")?),
        ("price_advertised", money("24.99")?),
        ("lockin_ended", ItemValue::Date("2026-06-30".to_owned())),
        ("speed_tests", ItemValue::List(speeds)),
        (
            "advert",
            ItemValue::File {
                sha256: advert.sha256,
                size: advert.size,
                name: open("advert-fibre150.svg"),
                media: Some("image/svg+xml".to_owned()),
            },
        ),
    ];
    for (key, value) in items {
        let act = Act::Item { key: key.to_owned(), value, label: None, note: None };
        stage.act(keith, "2026-07-03 18:10", act).await?;
    }
    let call = Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: time("2026-07-03 18:20")?,
        seconds: Some(840),
        waited: Some(480),
        seat: Some(Seat::Number(NORTHLINK)),
        person: Some(open("Priya")),
        number: Some(open("+44 113 496 0123")),
        reference: Some(open("NL-20260703-88")),
        summary: open("Priya will ask for a better price and ring back by Wednesday"),
        menu: vec![open("2 billing"), open("1 existing customer"), open("say: price")],
    };
    stage.act(keith, "2026-07-03 18:36", Act::Contact(call)).await?;
    Ok(())
}

/// The promised call, missed twice and agreed anew, and the advert the customer was to send.
async fn promises(stage: &mut Stage) -> Done<ActionId> {
    stage.title("Promises: agreed, missed, agreed again");
    let ring = |who: &str, due| action("ring Keith with a decision", (NORTHLINK, Some(who)), KEITH, due);
    let act = propose(&stage.customer.record(&stage.case)?, new(ring("Priya", Some("2026-07-08 17:00"))?));
    let first = stage.act(&stage.customer, "2026-07-06 09:00", act).await?;
    stage.in_step().await?;
    accept_at_supplier(stage, "2026-07-06 09:20", first).await?;
    let id = ActionId { proposal: first, index: 0 };

    let advert = action("send a screenshot of the advert", (KEITH, None), NORTHLINK, Some("2026-07-07 18:00"))?;
    let act = propose(&stage.supplier.record(&stage.case)?, new(advert));
    let advert = stage.act(&stage.supplier, "2026-07-06 09:25", act).await?;
    stage.in_step().await?;
    stage.act(&stage.customer, "2026-07-06 19:00", Act::Accept { revision: advert, note: None }).await?;
    let sent = stage.act(&stage.customer, "2026-07-06 19:05", declare(advert)).await?;
    stage.in_step().await?;
    stage.act(&stage.supplier, "2026-07-07 09:00", Act::Approve { declare: sent, note: None }).await?;
    stage.in_step().await?;

    let mut revision = first;
    let again = [
        ("2026-07-08 17:00", "2026-07-08 17:30", "Priya", "2026-07-10 12:00", "2026-07-09 10:00"),
        ("2026-07-10 12:00", "2026-07-10 12:30", "Tom", "2026-07-13 16:00", "2026-07-10 15:00"),
    ];
    for (due, noted, who, new_due, agreed) in again {
        let missed = Act::Missed { revision, subject: 0, due: time(due)?, note: None };
        stage.act(&stage.customer, noted, missed).await?;
        stage.in_step().await?;
        let terms = Topic::Action { action: Some(id), terms: ring(who, Some(new_due))? };
        let act = propose(&stage.supplier.record(&stage.case)?, terms);
        revision = stage.act(&stage.supplier, agreed, act).await?;
        stage.in_step().await?;
        stage.act(&stage.customer, agreed, Act::Accept { revision, note: None }).await?;
        stage.in_step().await?;
    }
    stage.remember("ring", revision);
    Ok(id)
}

/// The price: offered, crossed by two offers made while apart, declined, countered, agreed.
async fn negotiate(stage: &mut Stage) -> Done<ActionId> {
    stage.title("The price: both make an offer while disconnected");
    let charge = |price: &str, months: u32| {
        let what = format!("charge \u{a3}{price} a month from 1 August for {months} months");
        let mut terms = action(&what, (NORTHLINK, Some("Tom")), KEITH, Some("2026-08-01 09:00"))?;
        terms.conditions = vec![Sealable::Open(format!("the August bill says \u{a3}{price}"))];
        Ok::<_, CommandError>(terms)
    };
    let act = propose(&stage.supplier.record(&stage.case)?, new(charge("29.99", 24)?));
    let first = stage.act(&stage.supplier, "2026-07-13 10:00", act).await?;
    stage.in_step().await?;
    let id = ActionId { proposal: first, index: 0 };
    let changed =
        |price: &str, months| Ok::<_, CommandError>(Topic::Action { action: Some(id), terms: charge(price, months)? });

    stage.part().await?;
    let act = counter(&stage.customer.record(&stage.case)?, first, changed("24.99", 12)?);
    let his = stage.act(&stage.customer, "2026-07-13 10:40", act).await?;
    let act = propose(&stage.supplier.record(&stage.case)?, changed("27.99", 18)?);
    let theirs = stage.act(&stage.supplier, "2026-07-13 10:41", act).await?;
    stage.meet().await?;
    stage.text("     both offers stand side by side; nobody is bound to either");

    stage.act(&stage.customer, "2026-07-13 11:00", Act::Decline { revision: theirs, reason: None }).await?;
    stage.in_step().await?;
    let act = counter(&stage.supplier.record(&stage.case)?, his, changed("26.99", 12)?);
    let last = stage.act(&stage.supplier, "2026-07-13 15:00", act).await?;
    stage.in_step().await?;
    let accept = stage.act(&stage.customer, "2026-07-13 15:20", Act::Accept { revision: last, note: None }).await?;
    stage.remember("price accepted", accept);
    stage.remember("price", last);
    stage.in_step().await?;
    Ok(id)
}

/// Done, rejected, put right, approved.
async fn perform(stage: &mut Stage, ring: &ActionId, price: &ActionId) -> Done {
    stage.title("What was agreed is carried out");
    let revision =
        |stage: &Stage, what| stage.remembered(what).ok_or_else(|| CommandError::failed("the story lost its thread"));
    let rang = stage.act(&stage.supplier, "2026-07-13 15:30", declare(revision(stage, "ring")?)).await?;
    stage.in_step().await?;
    stage.act(&stage.customer, "2026-07-13 15:40", Act::Approve { declare: rang, note: None }).await?;
    stage.in_step().await?;

    let charged = stage.act(&stage.supplier, "2026-08-05 09:00", declare(revision(stage, "price")?)).await?;
    stage.in_step().await?;
    let reason = Sealable::Open("the August bill says \u{a3}49.99".to_owned());
    stage.act(&stage.customer, "2026-08-05 18:00", Act::Reject { declare: charged, unmet: vec![0], reason }).await?;
    let mut credit = action("credit \u{a3}23.00 to the account", (NORTHLINK, None), KEITH, Some("2026-08-12 17:00"))?;
    credit.value = Some(Money::parse("23.00", "GBP").map_err(bad)?);
    let act = propose(&stage.customer.record(&stage.case)?, new(credit));
    let credit = stage.act(&stage.customer, "2026-08-05 18:05", act).await?;
    stage.in_step().await?;
    accept_at_supplier(stage, "2026-08-06 09:00", credit).await?;
    for (done, approved, revision) in [
        ("2026-08-07 10:00", "2026-08-08 10:00", credit),
        ("2026-09-01 09:00", "2026-09-02 18:00", revision(stage, "price")?),
    ] {
        let declared = stage.act(&stage.supplier, done, declare(revision)).await?;
        stage.in_step().await?;
        stage.act(&stage.customer, approved, Act::Approve { declare: declared, note: None }).await?;
        stage.in_step().await?;
    }
    let lens_of = stage.customer.record(&stage.case)?;
    for id in [ring, price] {
        let key = SubjectKey::Action(*id);
        let completed = lens_of.lens().completion(&key).is_some();
        if !completed {
            return Err(CommandError::failed("an action that was approved is not completed"));
        }
    }
    Ok(())
}

async fn close(stage: &mut Stage) -> Done {
    stage.title("Both close the case");
    let topic = Topic::Close { close: None, summary: Some(Sealable::Open("price and credit as agreed".to_owned())) };
    let act = propose(&stage.customer.record(&stage.case)?, topic);
    let closing = stage.act(&stage.customer, "2026-09-02 18:10", act).await?;
    stage.in_step().await?;
    accept_at_supplier(stage, "2026-09-03 09:00", closing).await?;
    Ok(())
}

async fn accept_at_supplier(stage: &mut Stage, at: &str, revision: EntryId) -> Done {
    stage.act(&stage.supplier, at, Act::Accept { revision, note: None }).await?;
    stage.in_step().await
}

fn declare(revision: EntryId) -> Act {
    Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() }
}

fn new(terms: ActionTerms) -> Topic {
    Topic::Action { action: None, terms }
}

/// A proposal on the terms in force as this side knows them.
fn propose(record: &Record, topic: Topic) -> Act {
    Act::Propose(proposal(record, topic))
}

fn counter(record: &Record, of: EntryId, topic: Topic) -> Act {
    Act::Counter { of, proposal: proposal(record, topic) }
}

fn proposal(record: &Record, topic: Topic) -> Proposal {
    let lens = record.lens();
    let base = match &topic {
        Topic::Action { action: Some(id), .. } => match lens.in_force(&SubjectKey::Action(*id)) {
            InForce::One { names, .. } => names.first().copied(),
            _ => None,
        },
        _ => None,
    };
    let subjects = vec![Subject { base, topic }];
    let signers = lens.required_signers(&subjects);
    Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None }
}

fn action(what: &str, by: (u32, Option<&str>), to: u32, due: Option<&str>) -> Done<ActionTerms> {
    let due = match due {
        Some(due) => {
            let (instant, local, zone) = when::absolute(due, ZONE, 0).map_err(bad)?;
            Some(Due::At { instant, local, zone })
        }
        None => None,
    };
    let person = by.1.map(|name| Sealable::Open(name.to_owned()));
    Ok(ActionTerms {
        what: Sealable::Open(what.to_owned()),
        performers: vec![PartyRef { seat: Seat::Number(by.0), person }],
        beneficiaries: vec![PartyRef { seat: Seat::Number(to), person: None }],
        due,
        value: None,
        conditions: Vec::new(),
        evidence: Vec::new(),
        consequences: Vec::new(),
        cancel: Vec::new(),
        deemed: None,
        items: Vec::new(),
    })
}

fn bad(error: impl std::fmt::Display) -> CommandError {
    CommandError::failed(error.to_string())
}
