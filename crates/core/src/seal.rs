//! Sealed values: a commitment stands in the signed record, value and salt travel beside it, to be disclosed singly
//! or erased later.

use std::fmt;

use crate::act::Act;
use crate::attachment::each_value;
use crate::cbor::{CORE_LIMITS, CborError, Key, Value};
use crate::id::{CaseId, DeviceKey, Domain, EntryId, PartyId, hash};
use crate::value::{self, ItemValue, Sealable};

/// The most steps a path may have.
pub const PATH_MAX: usize = 16;

/// A step from a value into what it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    Key(String),
    Index(u32),
}

impl PathStep {
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Key(key) => key.as_str().into(),
            Self::Index(index) => (*index).into(),
        }
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(key) => Some(Self::Key(key.clone())),
            Value::Int(index) => u32::try_from(*index).ok().map(Self::Index),
            _ => None,
        }
    }
}

/// A path from the body, as an array of texts and indices.
#[must_use]
pub fn path_to_value(path: &[PathStep]) -> Value {
    Value::Array(path.iter().map(PathStep::to_value).collect())
}

/// The path of an `erase`, an `erased` or a disclosure: 1 to 16 steps.
#[must_use]
pub fn path_from_value(value: &Value) -> Option<Vec<PathStep>> {
    let steps = value.as_array()?;
    let allowed = (1..=PATH_MAX).contains(&steps.len());
    allowed.then(|| steps.iter().map(PathStep::from_value).collect())?
}

/// The position that a commitment is bound to, so that it can be lifted into no other statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext {
    /// None in `open`, whose case has no id yet.
    pub case: Option<CaseId>,
    pub party: PartyId,
    pub device: DeviceKey,
    pub seq: u64,
}

/// The commitment to a value at a path of a body. The salt must be fresh random bytes for every value, or a short
/// value can be guessed.
#[must_use]
pub fn commit(context: &SealContext, path: &[PathStep], salt: &[u8; 32], value: &Value) -> [u8; 32] {
    let opening = Value::Array(vec![
        Value::Bytes(context.case.map(|case| case.0.to_vec()).unwrap_or_default()),
        context.party.as_bytes().into(),
        context.device.as_bytes().into(),
        Value::Int(i64::try_from(context.seq).expect("positions are below 2^20")),
        path_to_value(path),
        salt.into(),
        value.clone(),
    ]);
    hash(Domain::Seal, &[&opening.encode()])
}

/// Puts a commitment in place of the value at a path and gives the value, to be kept beside. Nothing changes, and
/// nothing is given, where the path leads nowhere or something in the value is sealed already: the inner seal could
/// never be found from the record.
pub fn seal(context: &SealContext, body: &mut Value, path: &[PathStep], salt: &[u8; 32]) -> Option<Value> {
    let place = place_mut(body, path)?;
    if holds_sealed(place) {
        return None;
    }
    let commitment = commit(context, path, salt, place);
    Some(std::mem::replace(place, value::sealed_value(&commitment)))
}

/// The places of an act that are sealed unless its author sealed them already or says otherwise: names and numbers of
/// people, what is told when one takes over from another, addresses, telephone numbers, e-mail addresses and names of
/// files. Terms stand open, also those that agree a value.
#[must_use]
pub fn by_default(act: &Act) -> Vec<Vec<PathStep>> {
    let fields: &[(&str, Option<&Sealable>)] = match act {
        Act::Contact(contact) => &[("person", contact.person.as_ref()), ("number", contact.number.as_ref())],
        Act::Card(card) => {
            &[("name", Some(&card.name)), ("phone", card.phone.as_ref()), ("email", card.email.as_ref())]
        }
        Act::Handover { person, summary, .. } => &[("person", person.as_ref()), ("summary", Some(summary))],
        Act::Thank { person, .. } => &[("person", person.as_ref())],
        Act::Attach { name, .. } => &[("name", Some(name))],
        Act::Item { value, .. } => return of_item(value),
        _ => &[],
    };
    let open = fields.iter().filter(|(_, text)| matches!(text, Some(Sealable::Open(_))));
    open.map(|(key, _)| vec![PathStep::Key((*key).to_owned())]).collect()
}

/// A path so long leads as deep as a statement may go once something is sealed there.
const DEEPEST: usize = 5;

fn of_item(value: &ItemValue) -> Vec<Vec<PathStep>> {
    let mut places = Vec::new();
    each_value(value, vec![PathStep::Key("value".to_owned())], &mut |path, value| {
        let index = match value {
            ItemValue::Address(Sealable::Open(_))
            | ItemValue::Phone(Sealable::Open(_))
            | ItemValue::Email(Sealable::Open(_)) => 1,
            ItemValue::File { name: Sealable::Open(_), .. } => 3,
            _ => return,
        };
        let mut place = path.to_vec();
        place.push(PathStep::Index(index));
        // Deeper than that the value is sealed as a whole, which takes no further level.
        if place.len() > DEEPEST {
            place.pop();
        }
        places.push(place);
    });
    places
}

/// Every sealed place of a body, in the body's order, with its commitment.
#[must_use]
pub fn find_sealed(body: &Value) -> Vec<(Vec<PathStep>, [u8; 32])> {
    let mut found = Vec::new();
    collect_sealed(body, &mut Vec::new(), &mut found);
    found
}

/// A step that is written down only where it leads to something sealed: in most bodies nothing is.
#[derive(Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Index(u32),
}

fn collect_sealed<'v>(value: &'v Value, path: &mut Vec<Step<'v>>, found: &mut Vec<(Vec<PathStep>, [u8; 32])>) {
    if let Some(commitment) = value::commitment(value) {
        let written = path.iter().map(|step| match step {
            Step::Key(key) => PathStep::Key((*key).to_owned()),
            Step::Index(index) => PathStep::Index(*index),
        });
        found.push((written.collect(), commitment));
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in (0..).zip(items) {
                path.push(Step::Index(index));
                collect_sealed(item, path, found);
                path.pop();
            }
        }
        Value::Map(entries) => {
            for (key, item) in entries {
                let Key::Text(key) = key else { continue };
                path.push(Step::Key(key));
                collect_sealed(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn holds_sealed(value: &Value) -> bool {
    !find_sealed(value).is_empty()
}

pub(crate) fn place<'v>(body: &'v Value, path: &[PathStep]) -> Option<&'v Value> {
    path.iter().try_fold(body, |value, step| match (value, step) {
        (Value::Map(_), PathStep::Key(key)) => value.field(key),
        (Value::Array(items), PathStep::Index(index)) => items.get(usize::try_from(*index).ok()?),
        _ => None,
    })
}

fn place_mut<'v>(body: &'v mut Value, path: &[PathStep]) -> Option<&'v mut Value> {
    path.iter().try_fold(body, |value, step| match (value, step) {
        (Value::Map(entries), PathStep::Key(key)) => {
            entries.iter_mut().find(|(k, _)| matches!(k, Key::Text(k) if k == key)).map(|(_, v)| v)
        }
        (Value::Array(items), PathStep::Index(index)) => items.get_mut(usize::try_from(*index).ok()?),
        _ => None,
    })
}

/// A sealed value laid open: what travels beside the record.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    pub entry: EntryId,
    /// From the entry's body.
    pub path: Vec<PathStep>,
    pub salt: [u8; 32],
    pub value: Value,
}

// Salt and value are what erasing is meant to remove: they reach no log.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("entry", &self.entry).field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why bytes are not a disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    #[error("the disclosure cannot be read: {0}; ask for it again")]
    Cbor(#[from] CborError),
    #[error("a disclosure is an entry, a path of 1 to 16 steps, a salt of 32 bytes and a value; ask for it again")]
    Shape,
    #[error("the disclosed value is itself sealed in part, so nobody could ever see it whole; ask for the plain value")]
    Nested,
}

impl Disclosure {
    /// `[entry, path, salt, value]`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(vec![
            self.entry.as_bytes().into(),
            path_to_value(&self.path),
            (&self.salt).into(),
            self.value.clone(),
        ])
    }

    /// # Errors
    /// When the array has another form, or its value has a sealed part.
    pub fn from_value(value: &Value) -> Result<Self, DisclosureError> {
        let Some([Value::Bytes(entry), path, Value::Bytes(salt), value]) = value.as_array() else {
            return Err(DisclosureError::Shape);
        };
        if holds_sealed(value) {
            return Err(DisclosureError::Nested);
        }
        Ok(Self {
            entry: EntryId::from_slice(entry).ok_or(DisclosureError::Shape)?,
            path: path_from_value(path).ok_or(DisclosureError::Shape)?,
            salt: salt.as_slice().try_into().map_err(|_length| DisclosureError::Shape)?,
            value: value.clone(),
        })
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.to_value().encode()
    }

    /// # Errors
    /// When the bytes are not the one encoding of a disclosure.
    pub fn decode(bytes: &[u8]) -> Result<Self, DisclosureError> {
        Self::from_value(&Value::decode(bytes, CORE_LIMITS)?)
    }

    /// Whether this is the value that the body's author sealed at that path. The caller has found the body by
    /// [`Disclosure::entry`]; whether such a value may stand there, the level says of [`Disclosure::reveal`]'s body.
    #[must_use]
    pub fn matches(&self, context: &SealContext, body: &Value) -> bool {
        let sealed = place(body, &self.path).and_then(value::commitment);
        sealed == Some(commit(context, &self.path, &self.salt, &self.value)) && !holds_sealed(&self.value)
    }

    /// The body with the value in place of its commitment, if that place is sealed.
    #[must_use]
    pub fn reveal(&self, body: &Value) -> Option<Value> {
        let mut body = body.clone();
        let place = place_mut(&mut body, &self.path)?;
        value::commitment(place)?;
        *place = self.value.clone();
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cbor::map;

    const CONTEXT: SealContext =
        SealContext { case: Some(CaseId([1; 32])), party: PartyId([2; 32]), device: DeviceKey([3; 32]), seq: 4 };

    fn key(key: &str) -> PathStep {
        PathStep::Key(key.to_owned())
    }

    fn card() -> Value {
        map([("name", "Ada".into()), ("menu", vec![Value::from("1"), Value::from("2")].into())])
    }

    fn sealed_card() -> (Value, Vec<Disclosure>) {
        let mut body = card();
        let mut beside = Vec::new();
        for (path, salt) in [(vec![key("name")], [5; 32]), (vec![key("menu"), PathStep::Index(1)], [6; 32])] {
            let value = seal(&CONTEXT, &mut body, &path, &salt).expect("the place is there");
            beside.push(Disclosure { entry: EntryId([9; 32]), path, salt, value });
        }
        (body, beside)
    }

    #[test]
    fn what_is_sealed_is_found_matched_and_revealed() {
        let (body, beside) = sealed_card();
        let mut paths: Vec<_> = find_sealed(&body).into_iter().map(|(path, _)| path).collect();
        paths.sort();
        assert_eq!(paths, [vec![key("menu"), PathStep::Index(1)], vec![key("name")]]);
        let mut open = body.clone();
        for disclosure in &beside {
            assert!(disclosure.matches(&CONTEXT, &body));
            assert_eq!(Disclosure::decode(&disclosure.encode()).as_ref(), Ok(disclosure));
            open = disclosure.reveal(&open).expect("a sealed place");
        }
        assert_eq!(open, card());
        assert_eq!(beside[0].reveal(&open), None, "nothing is sealed there any more");
    }

    #[test]
    fn nothing_else_matches() {
        let (body, beside) = sealed_card();
        let good = &beside[0];
        for other in [
            Disclosure { salt: [7; 32], ..good.clone() },
            Disclosure { value: "Bob".into(), ..good.clone() },
            Disclosure { path: beside[1].path.clone(), ..good.clone() },
            Disclosure { path: vec![key("nowhere")], ..good.clone() },
            Disclosure { path: vec![key("menu"), PathStep::Index(0)], ..good.clone() },
        ] {
            assert!(!other.matches(&CONTEXT, &body), "{other:?}");
        }
        for context in [
            SealContext { case: None, ..CONTEXT },
            SealContext { case: Some(CaseId([8; 32])), ..CONTEXT },
            SealContext { party: PartyId([8; 32]), ..CONTEXT },
            SealContext { device: DeviceKey([8; 32]), ..CONTEXT },
            SealContext { seq: 5, ..CONTEXT },
        ] {
            assert!(!good.matches(&context, &body), "{context:?}");
        }
    }

    #[test]
    fn the_commitment_is_the_one_of_the_format() {
        let context = SealContext { case: None, ..CONTEXT };
        let mut opening = vec![0x87, 0x40];
        for part in [[2; 32], [3; 32]] {
            opening.extend([0x58, 0x20]);
            opening.extend(part);
        }
        opening.extend([0x04, 0x82, 0x61, b'a', 0x02, 0x58, 0x20]);
        opening.extend([5; 32]);
        opening.extend([0x61, b'v']);
        let path = [key("a"), PathStep::Index(2)];
        assert_eq!(commit(&context, &path, &[5; 32], &"v".into()), hash(Domain::Seal, &[&opening]));
    }

    #[test]
    fn a_seal_within_a_seal_is_refused() {
        let (mut body, beside) = sealed_card();
        assert_eq!(seal(&CONTEXT, &mut body.clone(), &[key("name")], &[0; 32]), None);
        assert_eq!(seal(&CONTEXT, &mut body, &[key("menu")], &[0; 32]), None);
        let nested = Disclosure { value: value::sealed_value(&[0; 32]), ..beside[0].clone() };
        assert_eq!(Disclosure::decode(&nested.encode()), Err(DisclosureError::Nested));
    }

    #[test]
    fn what_is_personal_is_sealed_by_itself_wherever_it_stands_in_an_item() {
        let level = crate::schema::level(1).expect("level 1");
        let phone = || ItemValue::Phone(Sealable::Open("0800 1".to_owned()));
        let file = ItemValue::File {
            sha256: [1; 32],
            size: 1,
            name: Sealable::Open("Ms Shah.jpg".to_owned()),
            media: Some("image/jpeg".to_owned()),
        };
        let record = |value| ItemValue::Record(vec![("a".to_owned(), ItemValue::YesNo(true)), ("b".to_owned(), value)]);
        let list = |value| ItemValue::List(vec![ItemValue::Integer(1), value]);
        for (value, places) in [
            (ItemValue::Text(Sealable::Open("0800 1".to_owned())), 0),
            (phone(), 1),
            (file.clone(), 1),
            (list(record(phone())), 1),
            (list(list(record(phone()))), 1),
            // Five containers of its own are the most that an item may have.
            (list(list(list(list(phone())))), 1),
            (list(list(list(list(file)))), 1),
            (ItemValue::List(vec![phone(), phone()]), 2),
            (ItemValue::Phone(Sealable::Sealed([7; 32])), 0),
        ] {
            let act = Act::Item { key: "k".to_owned(), value, label: None, note: None };
            let mut body = act.body();
            let paths = by_default(&act);
            assert_eq!(paths.len(), places, "{act:?}");
            for path in &paths {
                seal(&CONTEXT, &mut body, path, &[3; 32]).expect("the place is there");
            }
            assert_eq!(level.check("item", &body), Ok(()));
            let text = format!("{body:?}");
            assert!(places == 0 || !(text.contains("0800") || text.contains("Shah")), "{text}");
            // With the core and the act around it.
            let core = Value::Array(vec![Value::Array(vec![body])]);
            assert_eq!(Value::decode(&core.encode(), CORE_LIMITS).as_ref(), Ok(&core));
        }
    }

    #[test]
    fn the_level_judges_what_was_sealed() {
        let level = crate::schema::level(1).expect("level 1");
        for (value, good) in [(Value::from("words"), true), ("\u{202E}".into(), false), (Value::Int(1), false)] {
            let path = vec![key("text")];
            let mut body = map([("text", value)]);
            let value = seal(&CONTEXT, &mut body, &path, &[0; 32]).expect("the place is there");
            assert_eq!(level.check("note", &body), Ok(()));
            let disclosure = Disclosure { entry: EntryId([9; 32]), path, salt: [0; 32], value };
            let revealed = disclosure.reveal(&body).expect("a sealed place");
            assert!(disclosure.matches(&CONTEXT, &body));
            assert_eq!(level.check("note", &revealed).is_ok(), good);
        }
    }

    #[test]
    fn other_forms_are_not_disclosures() {
        let good = sealed_card().1.remove(0);
        let Value::Array(parts) = good.to_value() else { unreachable!("a disclosure is an array") };
        for (index, wrong) in [
            (0, Value::Bytes(vec![0; 31])),
            (1, Value::Array(vec![])),
            (1, Value::Array(vec![Value::Int(0); 17])),
            (1, Value::Array(vec![Value::Int(-1)])),
            (1, Value::Array(vec![Value::Bool(true)])),
            (1, "name".into()),
            (2, Value::Bytes(vec![0; 33])),
        ] {
            let mut parts = parts.clone();
            parts[index] = wrong;
            assert_eq!(Disclosure::decode(&Value::Array(parts).encode()), Err(DisclosureError::Shape));
        }
        assert_eq!(Disclosure::decode(&[0x80]), Err(DisclosureError::Shape));
        assert_eq!(Disclosure::decode(&[0x84]), Err(DisclosureError::Cbor(CborError::Malformed)));
    }

    #[test]
    fn salt_and_value_do_not_print() {
        let printed = format!("{:?}", sealed_card().1);
        assert!(!printed.contains("Ada") && !printed.contains("salt"), "{printed}");
    }

    proptest! {
        #[test]
        fn hostile_bytes_only_give_errors(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(disclosure) = Disclosure::decode(&bytes) {
                prop_assert_eq!(disclosure.encode(), bytes);
            }
        }
    }
}
