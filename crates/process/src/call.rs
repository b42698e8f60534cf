//! Noting a contact by short questions: what is asked in which order, and what was answered so far. Kept as a draft, so
//! that a question nobody could answer, or a closed window, loses nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How the contact was made, as far as the questions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A call we made: there is a number, a menu, a time on hold.
    CallOut,
    /// A call they made.
    CallIn,
    /// A chat: there is a time to wait.
    Chat,
    /// A letter, an e-mail, a visit.
    Other,
}

/// A short question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Whether they got in touch. Of a call it is said with the command.
    Incoming,
    When,
    Number,
    Menu,
    Waited,
    Person,
    Role,
    Reference,
    Summary,
    /// What was promised; asked again after each, until nothing is said.
    Promise,
    /// By when the last promise is to be kept.
    By,
}

impl Question {
    const IN_ORDER: [Self; 9] = [
        Self::Incoming,
        Self::When,
        Self::Number,
        Self::Menu,
        Self::Waited,
        Self::Person,
        Self::Role,
        Self::Reference,
        Self::Summary,
    ];

    /// Whether a contact made that way leaves anything to ask here.
    fn fits(self, way: Way) -> bool {
        match self {
            Self::Incoming => matches!(way, Way::Chat | Way::Other),
            Self::Number | Self::Menu => way == Way::CallOut,
            Self::Waited => matches!(way, Way::CallOut | Way::Chat),
            _ => true,
        }
    }
}

/// Something that was promised, as it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Promise {
    pub what: String,
    /// By when, in a form that means the same on any later day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Who promised it, where that is not who answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// What was answered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// The channel, in the word of the record.
    pub channel: String,
    pub incoming: bool,
    /// When it was begun, Unix milliseconds: what "just now" means in it.
    pub begun: i64,
    /// When the contact began, in a form that means the same on any later day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// A step each, as they were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub menu: Vec<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The direct line of whoever answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<Promise>,
    /// What needs no asking any more, answered or not.
    pub passed: BTreeSet<Question>,
}

impl Draft {
    /// What is to be asked next; nothing when all is told.
    #[must_use]
    pub fn next(&self, way: Way) -> Option<Question> {
        let open = |q: &Question| q.fits(way) && !self.is_answered(*q) && !self.passed.contains(q);
        let nameless = |q: &Question| *q == Question::Role && self.person.is_none();
        if let Some(question) = Question::IN_ORDER.into_iter().find(|q| open(q) && !nameless(q)) {
            return Some(question);
        }
        if self.promises.last().is_some_and(|p| p.by.is_none()) && !self.passed.contains(&Question::By) {
            return Some(Question::By);
        }
        (!self.passed.contains(&Question::Promise)).then_some(Question::Promise)
    }

    fn is_answered(&self, question: Question) -> bool {
        match question {
            Question::Incoming => self.incoming,
            Question::When => self.at.is_some(),
            Question::Number => self.number.is_some(),
            Question::Menu => !self.menu.is_empty(),
            Question::Waited => self.waited.is_some(),
            Question::Person => self.person.is_some(),
            Question::Role => self.role.is_some(),
            Question::Reference => self.reference.is_some(),
            Question::Summary => self.summary.is_some(),
            Question::Promise | Question::By => false,
        }
    }

    /// Notes that a question was left without an answer.
    pub fn pass(&mut self, question: Question) {
        self.passed.insert(question);
    }

    /// Adds a promise; by when is asked next.
    pub fn promise(&mut self, what: String) {
        self.promises.push(Promise { what, by: None, who: None });
        self.passed.remove(&Question::By);
    }

    /// Says by when the last promise is to be kept.
    pub fn by(&mut self, when: Option<String>) {
        if let Some(last) = self.promises.last_mut() {
            last.by = when;
        }
        self.passed.insert(Question::By);
    }

    /// Whether anything was told that would be lost.
    #[must_use]
    pub fn says_anything(&self) -> bool {
        let asked = Question::IN_ORDER.into_iter().filter(|q| !matches!(q, Question::Incoming | Question::When));
        asked.into_iter().any(|q| self.is_answered(q)) || !self.promises.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every question in order, answered or passed by `answer`.
    fn asked(draft: &mut Draft, way: Way, mut answer: impl FnMut(&mut Draft, Question)) -> Vec<Question> {
        let mut order = Vec::new();
        while let Some(question) = draft.next(way) {
            assert!(order.len() < 40, "it ends: {order:?}");
            order.push(question);
            answer(draft, question);
        }
        order
    }

    #[test]
    fn a_call_that_led_nowhere_is_a_few_presses_of_enter() {
        use Question::{Incoming, Menu, Number, Person, Promise, Reference, Summary, Waited, When};
        let order = asked(&mut Draft::default(), Way::CallOut, |draft, question| draft.pass(question));
        assert_eq!(order, [When, Number, Menu, Waited, Person, Reference, Summary, Promise]);
        let order = asked(&mut Draft::default(), Way::Other, |draft, question| draft.pass(question));
        assert_eq!(order, [Incoming, When, Person, Reference, Summary, Promise]);
    }

    #[test]
    fn each_promise_is_asked_for_its_time() {
        use Question::{By, Person, Promise, Reference, When};
        let mut draft = Draft { summary: Some("he rings back".to_owned()), ..Draft::default() };
        let mut promises = vec!["Refund", "Call back"];
        let order = asked(&mut draft, Way::CallIn, |draft, question| match question {
            Promise => match promises.pop() {
                Some(what) => draft.promise(what.to_owned()),
                None => draft.pass(question),
            },
            By if draft.promises.len() == 1 => draft.by(Some("2026-05-08 17:00".to_owned())),
            By => draft.by(None),
            other => draft.pass(other),
        });
        assert_eq!(order, [When, Person, Reference, Promise, By, Promise, By, Promise]);
        assert_eq!(draft.promises[0].by.as_deref(), Some("2026-05-08 17:00"));
        assert_eq!(draft.promises[1].by, None);
    }

    #[test]
    fn a_draft_goes_on_where_it_was_left() {
        let mut draft = Draft { person: Some("Dean".to_owned()), ..Draft::default() };
        draft.pass(Question::Incoming);
        draft.pass(Question::When);
        let text = serde_json::to_string(&draft).expect("JSON");
        let read: Draft = serde_json::from_str(&text).expect("a draft");
        assert_eq!(read, draft);
        assert_eq!(read.next(Way::Other), Some(Question::Role));
        assert!(read.says_anything());
        assert!(!Draft::default().says_anything());
    }
}
