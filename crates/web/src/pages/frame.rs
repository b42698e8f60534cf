//! What is around every page: where one is, where one can go, and how it stands with the connection.

use counterpart_words::when::system_zone;

use crate::{
    assets,
    guard::Visit,
    keeper::Standing,
    language::Language,
    text::{Markup, Peer, peer},
    time::{Dated, Moment},
};

/// The frame, for templates that extend `frame.html`.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) language: &'static Language,
    /// The part of the navigation that one is in: the path of its first page.
    current: &'static str,
    /// What forms carry; nothing where no browser is known, and then there is no way on either.
    pub(crate) form_secret: Option<String>,
    standing: Standing,
    /// Whether the home has an identity.
    pub(crate) known: bool,
    pub(crate) version: u64,
}

/// One way through the pages.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) here: bool,
}

impl Frame {
    pub(crate) fn of(visit: &Visit, current: &'static str) -> Self {
        let known = visit.session.is_some() && matches!(visit.app.desk(), Ok(Some(_)));
        Self {
            language: visit.language,
            current,
            form_secret: visit.session.as_ref().map(|session| session.form_secret.clone()),
            standing: visit.app.standing.borrow().clone(),
            known,
            version: visit.version,
        }
    }

    pub(crate) fn say(&self, key: &str) -> &'static str {
        self.language.say(key)
    }

    /// Whose clock times are by that name no zone; nothing where none are shown.
    pub(crate) fn times(&self) -> Markup {
        if !self.known {
            return Markup::default();
        }
        self.language.markup("frame.times", &[("zone", Markup::default().peer(&system_zone()))])
    }

    pub(crate) fn ways(&self) -> Vec<Way> {
        let way = |path, key: &str| Way { path, name: self.say(key), here: self.current == path };
        match (&self.form_secret, self.known) {
            (None, _) => Vec::new(),
            (Some(_), false) => vec![way("/welcome", "nav.welcome"), way("/check", "nav.check")],
            (Some(_), true) => vec![
                way("/", "nav.today"),
                way("/cases", "nav.cases"),
                way("/notebook", "nav.notebook"),
                way("/promises", "nav.promises"),
                way("/check", "nav.check"),
                way("/settings", "nav.settings"),
            ],
        }
    }

    /// What is wrong with the node, and what it means; nothing where all is well.
    pub(crate) fn node_trouble(&self) -> Option<(&'static str, Markup)> {
        let form = self.standing.trouble().filter(|_| self.known)?;
        let why = match &self.standing {
            Standing::Failed(why) => Markup::default().peer(why),
            _ => Markup::default(),
        };
        let title = self.say(&format!("node.{form}.title"));
        Some((title, self.language.markup(&format!("node.{form}.what"), &[("why", why)])))
    }

    pub(crate) fn standing(&self) -> &'static str {
        match self.standing {
            Standing::NoIdentity => self.say("node.state.none"),
            Standing::Here => self.say("node.state.here"),
            Standing::Elsewhere => self.say("node.state.elsewhere"),
            Standing::Off | Standing::Failed(_) => self.say("node.state.off"),
        }
    }

    pub(crate) fn at(&self, moment: &Moment) -> Dated {
        moment.shown(self.language)
    }

    pub(crate) fn peer<'t>(&self, written: &'t str) -> Peer<'t> {
        peer(written)
    }

    pub(crate) fn style(&self) -> &'static str {
        assets::style()
    }

    pub(crate) fn script(&self) -> &'static str {
        assets::script()
    }

    pub(crate) fn icon(&self) -> &'static str {
        assets::icon()
    }
}
