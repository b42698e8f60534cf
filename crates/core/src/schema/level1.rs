//! Level 1: every act and every field, for ever.

use super::{Act, Field, Level, Rule, Shape, Ty};
use crate::cbor::{CORE_LIMITS, INT_MAX};
use crate::value::SEALED;

pub(super) static LEVEL: Level = Level { number: 1, rules: RULES, acts: ACTS };

/// Where no other bound is given.
const MANY: usize = 64;

/// Seats' numbers and positions in lists, so that each fits 32 bits in any language.
const INDEX_MAX: i64 = 1023;

const fn req(name: &'static str, ty: Ty) -> Field {
    Field { name, ty, required: true }
}

const fn opt(name: &'static str, ty: Ty) -> Field {
    Field { name, ty, required: false }
}

const fn text(max: usize) -> Ty {
    Ty::Text { min: 1, max }
}

const fn many(of: &'static Ty) -> Ty {
    Ty::Array { of, min: 0, max: MANY }
}

const fn some(of: &'static Ty, max: usize) -> Ty {
    Ty::Array { of, min: 1, max }
}

const fn tuple(fixed: &'static [Ty]) -> Ty {
    Ty::Tuple { fixed, last: None }
}

const fn id() -> Ty {
    Ty::Bytes { min: 32, max: 32 }
}

/// Declares each rule as the type that refers to it. Inside a rule, `Ty::Rule(&RULE)` is the rule itself.
macro_rules! rules {
    ($($id:ident = $name:literal, $doc:literal, $ty:expr;)*) => {
        $(const $id: Ty = {
            static RULE: Rule = Rule { name: $name, doc: $doc, ty: $ty };
            Ty::Rule(&RULE)
        };)*
        static RULES: &[&Rule] = &[$(named(&$id)),*];
    };
}

const fn named(ty: &Ty) -> &'static Rule {
    match ty {
        Ty::Rule(rule) => rule,
        _ => unreachable!(),
    }
}

rules! {
    WHOLE = "whole", "What every common language holds exactly.", Ty::Int { min: -INT_MAX, max: INT_MAX };
    NATURAL = "natural", "A count, a size in bytes or seconds.", Ty::Int { min: 0, max: INT_MAX };
    INSTANT = "instant", "Unix time in milliseconds.", Ty::Int { min: -INT_MAX, max: INT_MAX };
    INDEX = "index", "A position in a list, from 0.", Ty::Int { min: 0, max: INDEX_MAX };
    LEVEL_NUMBER = "level-number", "A format level.", Ty::Int { min: 1, max: INDEX_MAX };
    CASE_ID = "case-id", "A case: the hash of its open statement's core.", id();
    ENTRY_ID = "entry-id", "An entry: the hash of its statement's core.", id();
    PARTY_ID = "party-id", "A party: the hash of its inception.", id();
    EVENT_ID = "event-id", "An event of a key log, such as a grant.", id();
    PUBLIC_KEY = "public-key", "An Ed25519 public key.", id();
    SHA256 = "sha256", "A SHA-256 hash of bytes kept elsewhere.", id();
    ACTION_ID = "action-id", "The proposal that began an action, and the subject's index there.", tuple(&[ENTRY_ID, INDEX]);
    TERMS_ID = "terms-id", "The proposal that began free terms, and the subject's index there.", tuple(&[ENTRY_ID, INDEX]);
    CLOSE_ID = "close-id", "The proposal that began a closing, and the subject's index there.", tuple(&[ENTRY_ID, INDEX]);
    SEAT = "seat", "A number in open's seats, or the proposal that admitted it and the subject's index there.",
        Ty::OneOf(&[INDEX, tuple(&[ENTRY_ID, INDEX])]);
    ROLE = "role", "What a seat may do.", Ty::Word(&["customer", "supplier", "third", "observer", "arbiter"]);
    PLAIN = "plain", "A text that stands open.", Ty::Text { min: 0, max: CORE_LIMITS.text };
    SEALED_FORM = "sealed", "A commitment in place of a value.", tuple(&[Ty::Word(&[SEALED]), id()]);
    SEALABLE = "sealable", "A text, open or sealed.", Ty::OneOf(&[PLAIN, SEALED_FORM]);
    TITLE = "title", "A short text that always stands open.", text(200);
    KEY = "key", "A short name: of an item, a field of a record, a relation, a kind of act.", text(64);
    ZONE = "zone", "An IANA time zone.", text(64);
    MEDIA = "media", "A media type.", text(128);
    DECIMAL = "decimal", "A number as written; never minus zero.", Ty::Shape(Shape::Decimal);
    AMOUNT = "amount", "A decimal of at most 4 places.", Ty::Shape(Shape::Amount);
    CURRENCY = "currency", "ISO 4217, three letters.", Ty::Shape(Shape::Currency);
    MONEY = "money", "An amount in a currency.", tuple(&[AMOUNT, CURRENCY]);
    DATE = "date", "YYYY-MM-DD.", Ty::Shape(Shape::Date);
    LOCAL = "local", "YYYY-MM-DDTHH:MM as clocks in the zone showed it.", Ty::Shape(Shape::Local);
    UNIT = "unit", "What a length of time counts in.", Ty::Word(&["minutes", "hours", "days", "working-days"]);
    COUNT = "count", "How many units.", Ty::Int { min: 1, max: 9999 };
    DUE = "due", "A point in time, or so long after the agreement.", Ty::OneOf(&[
        Ty::Map(&[req("instant", INSTANT), req("local", LOCAL), req("zone", ZONE)]),
        Ty::Map(&[req("after", Ty::Word(&["agreed"])), req("count", COUNT), req("unit", UNIT), req("zone", ZONE)]),
    ]);
    PARTY_REF = "party-ref", "A seat; the person's name has no effect.", Ty::Map(&[req("seat", SEAT), opt("person", SEALABLE)]);
    PATH = "path", "A place in an act's body.", some(&Ty::OneOf(&[PLAIN, INDEX]), 16);
    VALUE = "value", "A typed value; sealed as a whole, it hides its type as well.", Ty::OneOf(&[
        tuple(&[Ty::Word(&["text"]), SEALABLE]),
        tuple(&[Ty::Word(&["integer"]), WHOLE]),
        Ty::Tuple { fixed: &[Ty::Word(&["decimal"]), DECIMAL], last: Some(&text(32)) },
        tuple(&[Ty::Word(&["money"]), AMOUNT, CURRENCY]),
        tuple(&[Ty::Word(&["date"]), DATE]),
        tuple(&[Ty::Word(&["time"]), INSTANT, LOCAL, ZONE]),
        tuple(&[Ty::Word(&["duration"]), NATURAL]),
        tuple(&[Ty::Word(&["yes-no"]), Ty::Bool]),
        tuple(&[Ty::Word(&["choice"]), PLAIN]),
        tuple(&[Ty::Word(&["address"]), SEALABLE]),
        tuple(&[Ty::Word(&["phone"]), SEALABLE]),
        tuple(&[Ty::Word(&["e-mail"]), SEALABLE]),
        tuple(&[Ty::Word(&["link"]), SEALABLE]),
        Ty::Tuple { fixed: &[Ty::Word(&["file"]), SHA256, NATURAL, SEALABLE], last: Some(&MEDIA) },
        Ty::Tagged { word: "list", each: &[Ty::Rule(&RULE)], max: MANY },
        Ty::Tagged { word: "record", each: &[KEY, Ty::Rule(&RULE)], max: MANY },
        SEALED_FORM,
    ]);
    CANCEL_CLAUSE = "cancel-clause", "Who may cancel under which condition, and until when.", Ty::Map(&[
        req("by", SEAT), req("text", SEALABLE), opt("until", DUE),
    ]);
    ACTION_SUBJECT = "action-subject", "Something to be done; without action it begins a new one.", Ty::Map(&[
        req("is", Ty::Word(&["action"])),
        opt("action", ACTION_ID),
        BASE,
        req("what", SEALABLE),
        req("performers", some(&PARTY_REF, 16)),
        req("beneficiaries", some(&PARTY_REF, 16)),
        opt("due", DUE),
        opt("value", MONEY),
        opt("conditions", many(&SEALABLE)),
        opt("evidence", many(&SEALABLE)),
        opt("consequences", many(&SEALABLE)),
        opt("cancel", many(&CANCEL_CLAUSE)),
        opt("deemed", Ty::Map(&[req("count", COUNT), req("unit", UNIT)])),
        opt("items", many(&ENTRY_ID)),
    ]);
    ITEM_SUBJECT = "item-subject", "An item's agreed value.", Ty::Map(&[
        req("is", Ty::Word(&["item"])), req("key", KEY), req("value", VALUE), BASE,
    ]);
    TERMS_SUBJECT = "terms-subject", "Free terms between the seats named.", Ty::Map(&[
        req("is", Ty::Word(&["terms"])),
        opt("terms", TERMS_ID),
        req("title", TITLE),
        req("text", SEALABLE),
        req("seats", some(&SEAT, 32)),
        BASE,
    ]);
    ADMIT_SUBJECT = "admit-subject", "Letting a party in: to a seat of open's, or to one added by this.", Ty::OneOf(&[
        Ty::Map(&[req("is", Ty::Word(&["admit"])), req("seat", INDEX), BASE]),
        Ty::Map(&[req("is", Ty::Word(&["admit"])), req("role", ROLE), req("label", SEALABLE), opt("party", PARTY_ID), BASE]),
    ]);
    CLOSE_SUBJECT = "close-subject", "Closing the case.", Ty::Map(&[
        req("is", Ty::Word(&["close"])), opt("close", CLOSE_ID), opt("summary", SEALABLE), BASE,
    ]);
    LEVEL_SUBJECT = "level-subject", "Raising the format level.", Ty::Map(&[
        req("is", Ty::Word(&["level"])), req("level", LEVEL_NUMBER), BASE,
    ]);
    SUBJECT = "subject", "One matter of a proposal; base is the revision in force it would replace.",
        Ty::OneOf(&[ACTION_SUBJECT, ITEM_SUBJECT, TERMS_SUBJECT, ADMIT_SUBJECT, CLOSE_SUBJECT, LEVEL_SUBJECT]);
}

const BASE: Field = opt("base", ENTRY_ID);
const NOTE: Field = opt("note", SEALABLE);
const REASON: Field = opt("reason", SEALABLE);
const ABOUT: Field = opt("about", ENTRY_ID);
const REVISION: Field = req("revision", ENTRY_ID);
const SUBJECT_INDEX: Field = req("subject", INDEX);

const SUBJECTS: Field = req("subjects", some(&SUBJECT, 32));
const SIGNERS: Field = req("signers", some(&SEAT, 32));
const MODE: Field = req("mode", Ty::Word(&["firm", "confirm"]));
const OPEN_UNTIL: Field = opt("open_until", DUE);
const ALLEGED: Field = opt("alleged", ENTRY_ID);

const fn act(kind: &'static str, doc: &'static str, body: &'static [Field]) -> Act {
    Act { kind, doc, body }
}

static ACTS: &[Act] = &[
    // The case.
    act(
        "open",
        "begins a case; everything every other act rests on.",
        &[
            req("title", TITLE),
            req("seats", some(&Ty::Map(&[req("role", ROLE), req("label", SEALABLE)]), 32)),
            req("suite", Ty::Word(&["ed25519-sha256"])),
            req("level", LEVEL_NUMBER),
            req("zone", ZONE),
            opt("roots", Ty::Array { of: &SHA256, min: 0, max: 16 }),
            req("nonce", Ty::Bytes { min: 16, max: 16 }),
            opt("about", SEALABLE),
        ],
    ),
    act(
        "invite",
        "offers a seat to whoever holds the secret of a one-time key.",
        &[req("key", PUBLIC_KEY), req("seat", SEAT), req("expires", INSTANT), opt("label", SEALABLE)],
    ),
    act("uninvite", "takes an invitation back.", &[req("invite", ENTRY_ID), REASON]),
    act(
        "admit",
        "binds a seat to a party that asked to join; a later party's admission names the agreed revision.",
        &[
            req("party", PARTY_ID),
            req("seat", SEAT),
            req("invite", ENTRY_ID),
            req("request", Ty::Bytes { min: 1, max: 4096 }),
            opt("revision", ENTRY_ID),
        ],
    ),
    act("join", "an admitted party's first act.", &[req("admit", ENTRY_ID)]),
    act(
        "seat",
        "the opener says which of several admissions holds a seat, for acts that know it.",
        &[req("seat", SEAT), req("admit", ENTRY_ID)],
    ),
    act("leave", "ends delivery to this party, not its duties.", &[REASON]),
    act("link", "points to another case.", &[req("case", CASE_ID), req("relation", KEY), NOTE]),
    act("seen", "merges heads and means nothing else.", &[]),
    // Negotiating.
    act(
        "propose",
        "offers a revision of terms, as a whole; proposing is signing, except in mode confirm.",
        &[SUBJECTS, SIGNERS, MODE, OPEN_UNTIL, ALLEGED, NOTE],
    ),
    act(
        "counter",
        "offers other terms in place of exactly one revision.",
        &[req("of", ENTRY_ID), SUBJECTS, SIGNERS, MODE, OPEN_UNTIL, ALLEGED, NOTE],
    ),
    act("accept", "signs a revision.", &[REVISION, NOTE]),
    act("decline", "refuses a revision.", &[REVISION, REASON]),
    act("withdraw", "takes an own revision back.", &[req("of", ENTRY_ID), REASON]),
    act("confirm", "the author's signature on a revision of mode confirm, once all have accepted.", &[REVISION]),
    // Performing.
    act("progress", "says how far an action is.", &[REVISION, SUBJECT_INDEX, req("text", SEALABLE)]),
    act(
        "declare",
        "says that an action is done, and shows what for.",
        &[REVISION, SUBJECT_INDEX, NOTE, opt("evidence", Ty::Array { of: &ENTRY_ID, min: 0, max: 32 })],
    ),
    act("undeclare", "takes a declare back.", &[req("declare", ENTRY_ID), REASON]),
    act("approve", "accepts a declared result.", &[req("declare", ENTRY_ID), NOTE]),
    act(
        "reject",
        "refuses a declared result, naming the conditions it does not meet.",
        &[req("declare", ENTRY_ID), opt("unmet", many(&INDEX)), req("reason", SEALABLE)],
    ),
    act("stop", "the performer gives an action up, and says why.", &[REVISION, SUBJECT_INDEX, req("reason", SEALABLE)]),
    // Undoing.
    act(
        "release",
        "asks to be released from an agreement, or to reopen an approved result.",
        &[req("of", ENTRY_ID), REASON],
    ),
    act("allow", "grants such a request.", &[req("request", ENTRY_ID), NOTE]),
    act("refuse", "turns such a request down.", &[req("request", ENTRY_ID), REASON]),
    act(
        "cancel",
        "cancels an action under a clause of its signed terms.",
        &[REVISION, SUBJECT_INDEX, req("clause", INDEX), REASON],
    ),
    act("choose", "picks one of several crossed revisions.", &[req("pick", ENTRY_ID), REASON]),
    // Facts.
    act("item", "states a typed value.", &[req("key", KEY), req("value", VALUE), opt("label", SEALABLE), NOTE]),
    act("acknowledge", "says that an entry is right.", &[req("entry", ENTRY_ID), NOTE]),
    act("contest", "says that an entry is wrong, and why.", &[req("entry", ENTRY_ID), req("reason", SEALABLE)]),
    act(
        "contact",
        "notes a call, mail, visit or chat; seconds it lasted, and seconds waited before.",
        &[
            req("channel", Ty::Word(&["telephone", "mail", "e-mail", "visit", "chat", "other"])),
            req("direction", Ty::Word(&["out", "in"])),
            req("started", INSTANT),
            opt("seconds", NATURAL),
            opt("waited", NATURAL),
            opt("seat", SEAT),
            opt("person", SEALABLE),
            opt("number", SEALABLE),
            opt("reference", SEALABLE),
            req("summary", SEALABLE),
            opt("menu", many(&SEALABLE)),
        ],
    ),
    act("note", "puts anything worth remembering on record.", &[req("text", SEALABLE), ABOUT]),
    act(
        "attach",
        "names a file by its hash; the bytes travel beside the record.",
        &[req("sha256", SHA256), req("size", NATURAL), req("name", SEALABLE), opt("media", MEDIA), ABOUT],
    ),
    act("missed", "records that a due time passed.", &[REVISION, SUBJECT_INDEX, req("due", INSTANT), NOTE]),
    act("remind", "reminds of something promised or asked.", &[req("text", SEALABLE), ABOUT, opt("seat", SEAT)]),
    act(
        "thank",
        "thanks a party, or a person there.",
        &[req("text", SEALABLE), opt("seat", SEAT), opt("person", SEALABLE), ABOUT],
    ),
    act("erase", "asks all copies to erase a sealed value.", &[req("entry", ENTRY_ID), req("path", PATH), REASON]),
    act("erased", "says that this party erased a sealed value.", &[req("entry", ENTRY_ID), req("path", PATH), REASON]),
    // People.
    act(
        "card",
        "introduces an agent: name, function, direct line, hours.",
        &[
            req("name", SEALABLE),
            opt("function", SEALABLE),
            opt("phone", SEALABLE),
            opt("email", SEALABLE),
            opt("hours", SEALABLE),
            opt("device", PUBLIC_KEY),
        ],
    ),
    act(
        "handover",
        "says who is responsible from now on, with a summary so that nothing has to be told again.",
        &[opt("from", PUBLIC_KEY), req("to", PUBLIC_KEY), opt("person", SEALABLE), req("summary", SEALABLE)],
    ),
    act(
        "mandate",
        "limits an agent in this case; open limits bind everybody's judgement, others only the own nodes.",
        &[
            req("grant", EVENT_ID),
            opt("kinds", many(&KEY)),
            opt("ceilings", many(&MONEY)),
            opt("from", INSTANT),
            opt("until", INSTANT),
            req("open", Ty::Bool),
        ],
    ),
    act(
        "cut",
        "says up to where a revoked key's acts count: device, position, entry.",
        &[
            req("revoke", EVENT_ID),
            req("tips", Ty::Array { of: &tuple(&[PUBLIC_KEY, NATURAL, ENTRY_ID]), min: 0, max: 32 }),
        ],
    ),
    act("ratify", "stands by acts beyond a cut.", &[req("entries", some(&ENTRY_ID, MANY))]),
    // Disputes.
    act(
        "dispute",
        "says that something needs deciding: an entry, or one subject of a revision.",
        &[req("about", ENTRY_ID), opt("subject", INDEX), req("reason", SEALABLE)],
    ),
    act("concede", "gives in to a dispute.", &[req("dispute", ENTRY_ID), NOTE]),
    act(
        "settle",
        "ends an own dispute, perhaps by an agreement.",
        &[req("dispute", ENTRY_ID), opt("revision", ENTRY_ID), NOTE],
    ),
    act(
        "decide",
        "the arbiter's decision.",
        &[
            req("dispute", ENTRY_ID),
            req("decision", SEALABLE),
            opt("outcome", Ty::Word(&["completed", "cancelled", "agreed"])),
        ],
    ),
    act(
        "prove",
        "embeds a receipt, time-stamp token or envelope, so that it counts.",
        &[
            req("what", Ty::Word(&["receipt", "time-stamp", "envelope"])),
            req("data", Ty::Bytes { min: 1, max: 30_000 }),
            ABOUT,
        ],
    ),
];
