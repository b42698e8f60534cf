//! What answers look like: what of them is made here, and for the document what the commands' JSON has at its outside.

use std::{borrow::Cow, ops::Deref};

use counterpart_core::id::short_form;
use counterpart_node::{DueThing, Followed};
use data_encoding::HEXLOWER;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A problem of RFC 9457. Programs decide by `type`; the other texts are for people, and may change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProblemSaid {
    /// `urn:counterpart:problem:` and a word that stays the same.
    pub r#type: String,
    /// What it is in general.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What it is this time.
    pub detail: String,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the body it is, as RFC 6901 writes it: `/input/subjects/0/what`, empty for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What it is about of what stands behind the question mark, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Of `changed`: what would be signed as it reads now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of `changed`: the digest of that text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Of `changed`, for a time stamp: the hash that would be sent now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imprint: Option<String>,
    /// Of `beyond`: the newest place there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<u64>,
    /// Of `scope`: the scope that is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Of `large` and `head`: how many bytes may be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// Of a file that was refused: the SHA-256 of the bytes that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Of `taken`, for a name in another system: the case that has it, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
}

/// A SHA-256 that a program repeats as it was told: 64 hexadecimal digits, kept in small letters.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Digest(String);

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let good = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if good { Ok(Self(text.to_ascii_lowercase())) } else { Err("64 hexadecimal digits are needed") }
    }
}

impl Deref for Digest {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Digest {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})
    }
}

/// Something that came into the store here, or fell due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeSaid {
    /// Its place: 1, 2, 3 and so on without a gap.
    pub number: u64,
    /// When it came, Unix milliseconds.
    pub at: i64,
    /// The case.
    pub case: String,
    /// The case's short form.
    pub short: String,
    /// What kind of thing: `act.signed`, `act.received`, `receipt.signed`, `receipt.received`, `join.asked`, `join.ended`,
    /// `case.overdue`.
    pub kind: String,
    /// The id of the entry or receipt.
    pub what: Option<String>,
    /// The id of the entry, as webhooks name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What kind of act the entry is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// The id of the receipt, as webhooks name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Of `case.overdue`: when it was due, as RFC 3339 writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Of `case.overdue`: what was due then; empty where that cannot be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dues: Option<Vec<DueSaid>>,
}

/// Something that is due, or was, by its place in the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueSaid {
    /// `action`, which is to be done, or `clock`, a service clock.
    pub what: String,
    /// The action as it is typed, `7`, or `7/2` in a bundle; of a clock the entry that agreed it.
    pub about: String,
    /// Which clock: `first-answer`, `next-update` or `resolution`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Whether it is ours to do.
    pub ours: bool,
    /// Noted as said by the other side, and not agreed.
    pub said: bool,
}

impl ChangeSaid {
    pub(crate) fn of(followed: &Followed) -> Self {
        let Followed { change, receipt, entry, act, due, dues } = followed;
        let said = |thing: &DueThing| DueSaid {
            what: thing.what.as_str().to_owned(),
            about: thing.about.clone(),
            clock: thing.clock.clone(),
            ours: thing.ours,
            said: thing.said,
        };
        Self {
            number: change.number,
            at: change.at,
            case: change.case.to_hex(),
            short: short_form(&change.case.0),
            kind: change.kind.as_str().to_owned(),
            what: change.what.map(|what| HEXLOWER.encode(&what)),
            entry: entry.map(|id| id.to_hex()),
            act: act.clone(),
            receipt: receipt.map(|id| id.to_hex()),
            due: due.clone(),
            dues: change.due.as_ref().map(|_| dues.iter().map(said).collect()),
        }
    }
}

/// Changes, in order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes {
    pub schema: String,
    pub changes: Vec<ChangeSaid>,
    /// The number of the last one here, from which to go on; what was asked for where there is none.
    pub after: u64,
    /// The number of the newest change there is.
    pub newest: u64,
}

/// How it stands with the service.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// Who asks, as the token says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Me {
    pub schema: String,
    /// The token's name.
    pub token: String,
    /// The seat at which it signs; nothing for the home's own key.
    pub seat: Option<String>,
    /// What it is for: read, draft, sign, notes, manage.
    pub scopes: Vec<String>,
    /// Until when it holds, Unix milliseconds.
    pub expires: Option<i64>,
    /// The party, by id.
    pub party: String,
    /// The device whose key signs.
    pub device: String,
}

/// A page of the list of cases: `counterpart/queue/1`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CasesSaid {
    pub schema: String,
    pub cases: Vec<CaseSaid>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
    /// Words were asked for, and those of some cases are not noted yet after an update: there may be more that fit. The
    /// running node notes them; ask again later.
    pub words_missing: bool,
}

/// A case in a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseSaid {
    pub id: String,
    /// The id's short form.
    pub short: String,
    pub title: String,
    /// open, closed or reopened.
    pub state: String,
    /// For whom it waits and with what: `yours: answer #5`. An action that is to be done goes by its first entry.
    pub whose_move: String,
    pub waiting_for_us: bool,
    /// Since when it waits.
    pub since: i64,
    pub next_due: Option<i64>,
    /// What `next_due` is of: several where they are due at one time, none where it is not known without opening the case.
    pub due: Vec<DueSaid>,
    pub overdue: bool,
    pub entries: u64,
    pub updated_at: i64,
    /// Who of us has it.
    pub agent: Option<String>,
    pub assigned_at: Option<i64>,
    /// The template by which it was begun here.
    pub template: Option<String>,
}

/// A case as it stands, as `counterpart show --json` has it: `counterpart/show/1`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShownSaid {
    pub schema: String,
    pub case: CaseHead,
    pub parties: Vec<Map<String, Json>>,
    pub actions: Vec<Map<String, Json>>,
    pub items: Vec<Map<String, Json>>,
    pub matters: Vec<Map<String, Json>>,
    pub attachments: Vec<Map<String, Json>>,
    pub disputes: Vec<Map<String, Json>>,
    pub waiting_for: Vec<Map<String, Json>>,
    pub ledger: Vec<Map<String, Json>>,
    pub delivery: Vec<Map<String, Json>>,
    /// What both sides' copies are known to have alike; nothing before there is any.
    pub checkpoint: Option<Map<String, Json>>,
    /// The service clocks that are agreed, how they stand, and their pauses; left out where none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks: Option<Map<String, Json>>,
    pub alarms: Vec<Map<String, Json>>,
    /// What others put to us that was not answered: the first of it.
    pub put_to_you: Vec<Map<String, Json>>,
    /// All there is of it.
    pub put_to_you_in_all: u64,
}

/// What a case is called.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseHead {
    pub id: String,
    pub short: String,
    pub title: String,
    pub zone: String,
    pub entries: u64,
    pub heads: Vec<String>,
    pub state: String,
}

/// A page of a case's record, in the order in which it came here.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecordSaid {
    pub schema: String,
    /// The case.
    pub case: String,
    pub entries: Vec<EntrySaid>,
    /// What to ask for as `after` for what comes next: also behind the last entry, for those that come later.
    pub next: String,
    /// Whether there is more already.
    pub more: bool,
}

/// An entry, as `counterpart log --json` has it, with its exact text.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntrySaid {
    /// What was signed, in full, as whoever signed it was shown it.
    pub exact: String,
    #[serde(flatten)]
    pub entry: Map<String, Json>,
}

/// Objects of a case, named by what they are, a page at a time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    pub schema: String,
    /// The case.
    pub case: String,
    /// What was asked for.
    pub rows: Vec<Map<String, Json>>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
}

/// What the command gives with `--json`: an object that names its schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AsCommand {
    /// Such as `counterpart/people/1`.
    pub schema: String,
    #[serde(flatten)]
    pub more: Map<String, Json>,
}

/// What would be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Previewed {
    pub schema: String,
    /// The exact text: it is to be shown to whoever decides.
    pub text: String,
    /// What is repeated to sign just this.
    pub digest: String,
    /// How many acts it is.
    pub acts: u64,
    /// Of an invitation: until when it holds, to be repeated too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedSaid {
    pub schema: String,
    /// The case.
    pub case: String,
    /// The ids of its entries, in the order of signing.
    pub entries: Vec<String>,
    /// Their numbers in the record, as people write them, in the same order: `12`, or `12-K3` where two have one number.
    pub numbers: Vec<String>,
    /// The exact text.
    pub text: String,
    /// The invitation's link: whoever holds it can take the seat, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A template for cases.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TemplateSaid {
    pub name: String,
    pub title: String,
    pub about: String,
    pub version: i64,
    pub country: Option<String>,
    /// What it asks for.
    pub asks: Vec<TemplateAsks>,
}

/// What a template asks for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TemplateAsks {
    pub key: String,
    pub ask: String,
    /// Its type, such as money or date.
    pub kind: String,
    pub choices: Vec<String>,
    pub required: bool,
    pub default: Option<String>,
    pub example: Option<String>,
}

/// Templates, by name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Templates {
    pub schema: String,
    pub templates: Vec<TemplateSaid>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
}

/// A file on record or at hand.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileSaid {
    pub schema: String,
    pub sha256: String,
    pub size: u64,
}

/// A note of our own about a case, which never leaves.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AsideSaid {
    /// `counterpart/aside/1` where it stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub number: u64,
    pub at: i64,
    pub agent: String,
    pub text: String,
}

/// Such notes, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Asides {
    pub schema: String,
    /// The case.
    pub case: String,
    pub asides: Vec<AsideSaid>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
}

/// Who of us has a case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AssignedSaid {
    pub schema: String,
    pub case: String,
    pub agent: Option<String>,
    pub at: Option<i64>,
}

/// One page about a case, for whoever takes it over.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Summary {
    pub schema: String,
    pub case: String,
    pub summary: String,
    pub agent: Option<String>,
}

/// What other systems call a case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExternalIds {
    pub schema: String,
    pub case: String,
    pub external: Vec<ExternalSaid>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
}

/// What one of them calls it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExternalSaid {
    pub system: String,
    pub id: String,
}

/// A token, without its text.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenSaid {
    /// `counterpart/token-new/1` where it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub name: String,
    pub seat: Option<String>,
    pub scopes: Vec<String>,
    pub made: i64,
    pub expires: Option<i64>,
    pub ended: Option<i64>,
    pub used: Option<i64>,
    /// Its text: given when it is made, and never again, also not where the same is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Tokens, those that were ended among them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tokens {
    pub schema: String,
    pub tokens: Vec<TokenSaid>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
}

/// A webhook, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HookSaid {
    /// `counterpart/webhook-added/1` or `counterpart/webhook-on/1` where it stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub name: String,
    pub url: String,
    pub kinds: Vec<String>,
    pub allow_private: bool,
    pub made: i64,
    /// `on`, `failing` or `off`.
    pub standing: String,
    /// Since when it is so, where it is not on.
    pub since: Option<i64>,
    /// When it is told something again: after what it did not take, or once what was being told when its node was killed is
    /// given up. Nothing where it is told at once what there is.
    pub again: Option<i64>,
    /// Why it is off, or did not take what it was told last.
    pub why: Option<String>,
    /// In how many cases there is something that it was not told yet.
    pub cases_waiting: u64,
    pub told: Option<i64>,
    /// What its receiver checks messages with: given when it is made, and never again, also not where the same is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Webhooks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Hooks {
    pub schema: String,
    pub webhooks: Vec<HookSaid>,
    /// What to ask for as `after` for the next page; nothing where this is the last.
    pub next: Option<String>,
}

/// How a message that is about nothing was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HookTested {
    pub schema: String,
    /// The status that the receiver answered.
    pub status: u16,
}

/// The OpenAPI document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Document {
    pub openapi: String,
    #[serde(flatten)]
    pub more: Map<String, Json>,
}
