//! What a program asks where a person types a command.

use counterpart_node::Scope;

use crate::table::{BASE, Method, Needs, operations};

/// Commands by their words, and where the same is asked.
const PLACES: &[(&[&str], Method, &str)] = &[
    (&["agent", "list"], Method::Get, "/agents"),
    (&["agent", "revoke"], Method::Post, "/agents/{device}/end"),
    (&["attachments"], Method::Get, "/cases/{case}/attachments"),
    (&["clock"], Method::Get, "/cases/{case}"),
    (&["invite"], Method::Post, "/cases/{case}/invitations"),
    (&["join"], Method::Post, "/joins"),
    (&["letters", "list"], Method::Get, "/letters"),
    (&["list"], Method::Get, "/cases"),
    (&["log"], Method::Get, "/cases/{case}/record"),
    (&["people"], Method::Get, "/cases/{case}/people"),
    (&["queue"], Method::Get, "/cases"),
    (&["search"], Method::Get, "/cases"),
    (&["show"], Method::Get, "/cases/{case}"),
    (&["stamp"], Method::Post, "/cases/{case}/stamps"),
    (&["standing-rule", "list"], Method::Get, "/standing-rules"),
    (&["status"], Method::Get, "/status"),
    (&["template", "list"], Method::Get, "/templates"),
    (&["token", "list"], Method::Get, "/tokens"),
    (&["webhook", "end"], Method::Delete, "/webhooks/{name}"),
    (&["webhook", "list"], Method::Get, "/webhooks"),
];

/// What is asked in place of a command; nothing where only whoever sits at the machine can do it, or where a token for these
/// scopes may not ask it.
pub(crate) fn instead(words: &[&str], scopes: Option<&[Scope]>) -> Option<String> {
    // It limits an agent: told to those who act through a seat at a terminal alone.
    if words.first() == Some(&"mandate") {
        return Some("the act `mandate`".to_owned());
    }
    let (_, method, path) = PLACES.iter().find(|(command, ..)| words.starts_with(command))?;
    let needs = operations().find(|one| one.method == *method && one.path == *path).map(|one| one.needs);
    if let (Some(Needs::Scope(needed)), Some(has)) = (needs, scopes)
        && !has.contains(&needed)
    {
        return None;
    }
    let method = match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    Some(format!("{method} {BASE}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leads_to_something_that_can_be_asked() {
        for (command, method, path) in PLACES {
            let there = operations().any(|one| one.method == *method && one.path == *path);
            assert!(there, "{}: {method:?} {path}", command.join(" "));
        }
        assert_eq!(instead(&["show", "K7F2-Q9XA-3"], None).as_deref(), Some("GET /api/v1/cases/{case}"));
        assert_eq!(instead(&["identity", "show"], None), None);
    }

    #[test]
    fn nobody_is_sent_where_they_may_not_ask() {
        let agents = |scopes: &[Scope]| instead(&["agent", "list"], Some(scopes));
        assert_eq!(agents(&[Scope::Read, Scope::Manage]).as_deref(), Some("GET /api/v1/agents"));
        assert_eq!(agents(&[Scope::Read, Scope::Sign]), None);
    }
}
