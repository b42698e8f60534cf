//! What rows, fields and states are called.

use std::{cmp::Reverse, fmt, str::FromStr};

use crate::id::EditId;

/// What a row is a draft of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// Something that somebody is to do.
    Action,
    /// The agreed value of something.
    Item,
    /// Free terms.
    Wording,
}

/// A text of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    What,
    /// As a person types it.
    Due,
    Value,
    /// A line each.
    Conditions,
    Note,
    Key,
    Title,
    Text,
}

/// Something chosen for a row: whoever chose last is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// The seat that does it.
    By,
    /// The seat for which it is done.
    For,
    /// What type an item's value has.
    Type,
    /// Whether the row is taken out; it can be brought back.
    Removed,
}

impl RowKind {
    /// All kinds, by their number in the format.
    pub const ALL: [Self; 3] = [Self::Action, Self::Item, Self::Wording];

    /// The texts of such a row, in the order they are shown.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Action => &[Field::What, Field::Due, Field::Value, Field::Conditions, Field::Note],
            Self::Item => &[Field::Key, Field::Value, Field::Note],
            Self::Wording => &[Field::Title, Field::Text],
        }
    }

    /// What is chosen for such a row, but whether it is removed.
    #[must_use]
    pub fn choices(self) -> &'static [Choice] {
        match self {
            Self::Action => &[Choice::By, Choice::For],
            Self::Item => &[Choice::Type],
            Self::Wording => &[],
        }
    }

    pub(super) fn has(self, choice: Choice) -> bool {
        choice == Choice::Removed || self.choices().contains(&choice)
    }
}

/// Words for a closed list of names, and their numbers in the format.
macro_rules! words {
    ($name:ident: $($variant:ident = $number:literal $word:literal),+ $(,)?) => {
        impl $name {
            /// The word in pages and in the document.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// From such a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }

            pub(super) fn number(self) -> i64 {
                match self { $(Self::$variant => $number),+ }
            }

            pub(super) fn from_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(RowKind: Action = 0 "action", Item = 1 "item", Wording = 2 "wording");
words!(Field: What = 0 "what", Due = 1 "due", Value = 2 "value", Conditions = 3 "conditions", Note = 4 "note",
    Key = 5 "key", Title = 6 "title", Text = 7 "text");
words!(Choice: By = 0 "by", For = 1 "for", Type = 2 "type", Removed = 3 "removed");

/// The stable name of a row: the edit that added it, and the operation in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId {
    pub edit: EditId,
    pub op: u32,
}

/// A worksheet from one start to the next. The first has no id, every other the id of the edit that began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochId {
    /// From 1.
    pub number: u32,
    pub id: Option<EditId>,
}

impl EpochId {
    /// The one every case begins with.
    pub const FIRST: Self = Self { number: 1, id: None };

    /// Which of two is kept: the higher number, and of several the lowest id.
    fn rank(&self) -> (u32, Reverse<Option<EditId>>) {
        (self.number, Reverse(self.id))
    }

    /// 32 bytes to be hashed and stored; zeros for the first.
    #[must_use]
    pub fn id_bytes(&self) -> [u8; 32] {
        self.id.map_or([0; 32], |id| id.0)
    }

    /// From its number and the 32 bytes.
    #[must_use]
    pub fn from_parts(number: u32, id: [u8; 32]) -> Option<Self> {
        let id = (id != [0; 32]).then_some(EditId(id));
        let fits = number >= 1 && (number == 1) == id.is_none();
        fits.then_some(Self { number, id })
    }
}

impl PartialOrd for EpochId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EpochId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

/// Exactly which state was displayed: every edit in the past of these, and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorksheetState {
    pub epoch: EpochId,
    /// Ascending.
    pub heads: Vec<EditId>,
}

/// A name of a row or of a state that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no name of a row or a state of the worksheet; open the page again")]
pub struct WrongName;

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.edit, self.op)
    }
}

impl FromStr for RowId {
    type Err = WrongName;

    fn from_str(text: &str) -> Result<Self, WrongName> {
        let (edit, op) = text.split_once('.').ok_or(WrongName)?;
        Ok(Self { edit: EditId::from_hex(edit).ok_or(WrongName)?, op: number(op)? })
    }
}

impl fmt::Display for WorksheetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.epoch.number)?;
        match &self.epoch.id {
            Some(id) => write!(f, "{id}")?,
            None => f.write_str("0")?,
        }
        self.heads.iter().try_for_each(|head| write!(f, "_{head}"))
    }
}

impl FromStr for WorksheetState {
    type Err = WrongName;

    fn from_str(text: &str) -> Result<Self, WrongName> {
        let mut parts = text.split('_');
        let (first, id) = parts.next().and_then(|epoch| epoch.split_once('-')).ok_or(WrongName)?;
        let id = if id == "0" { [0; 32] } else { EditId::from_hex(id).ok_or(WrongName)?.0 };
        let epoch = EpochId::from_parts(number(first)?, id).ok_or(WrongName)?;
        let heads: Vec<EditId> =
            parts.take(super::MAX_DEVICES + 1).map(EditId::from_hex).collect::<Option<_>>().ok_or(WrongName)?;
        let ascending = heads.is_sorted_by(|a, b| a < b) && heads.len() <= super::MAX_DEVICES;
        if ascending { Ok(Self { epoch, heads }) } else { Err(WrongName) }
    }
}

fn number(text: &str) -> Result<u32, WrongName> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(WrongName)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_nothing_else_does() {
        let row = RowId { edit: EditId([7; 32]), op: 12 };
        assert_eq!(row.to_string().parse(), Ok(row));
        for epoch in [EpochId::FIRST, EpochId { number: 3, id: Some(EditId([9; 32])) }] {
            for heads in [vec![], vec![EditId([1; 32])], vec![EditId([1; 32]), EditId([2; 32])]] {
                let state = WorksheetState { epoch, heads };
                assert_eq!(state.to_string().parse(), Ok(state));
            }
        }
        let long = format!("1-0{}", format!("_{}", EditId([3; 32])).repeat(1000));
        for wrong in ["", "1", "1-", "0-0", "2-0", "1-0_", "1-0_zz", "+1-0", "1-0_0_0", long.as_str()] {
            assert_eq!(wrong.parse::<WorksheetState>(), Err(WrongName), "{wrong}");
            assert_eq!(wrong.parse::<RowId>(), Err(WrongName), "{wrong}");
        }
    }

    #[test]
    fn the_higher_number_wins_then_the_lower_id() {
        let epoch = |number, id: u8| EpochId { number, id: Some(EditId([id; 32])) };
        assert!(epoch(2, 9) > EpochId::FIRST && epoch(3, 9) > epoch(2, 1) && epoch(2, 1) > epoch(2, 9));
    }
}
