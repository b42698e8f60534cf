//! What is to be erased of an entry, and the acts that ask for it and say so.

use counterpart_core::{act::Act, graph::Ix, id::EntryId, seal::PathStep, value::Sealable};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{self, Place, listed},
};

/// What of an entry is to be erased: everything, or the place named. What our side erased before is left out.
pub fn chosen(case: &OpenCase, entry: &EntryId, typed: Option<&str>) -> Done<Vec<Place>> {
    let name = case.entry_name(entry);
    let all = case.record.graph().find(entry).map(|ix| render::places(case, ix)).unwrap_or_default();
    if all.is_empty() {
        return Err(CommandError::failed(format!(
            "{name} has nothing that could be erased: all of it stands in the record"
        ))
        .hint("names, numbers, addresses and files are kept beside it, unless somebody chose otherwise"));
    }
    let known = listed(all.iter().map(|p| p.typed.clone()));
    let wanted: Vec<Place> = match typed.map(|t| t.trim().to_lowercase()) {
        None => all,
        Some(typed) => all.into_iter().filter(|p| p.typed == typed).collect(),
    };
    if wanted.is_empty() {
        return Err(CommandError::usage(format!("{name} has no such thing to erase")).hint(format!("it has {known}")));
    }
    let own = |place: &Place| place.erased.iter().any(|e| e.party == case.own);
    let left: Vec<Place> = wanted.into_iter().filter(|place| !own(place)).collect();
    if left.is_empty() {
        return Err(CommandError::failed(format!("your side erased that of {name} before")));
    }
    Ok(left)
}

/// Asks everybody to erase these places, and says that our side has.
pub fn asked(entry: EntryId, places: &[Place], reason: Option<&Sealable>) -> Vec<Act> {
    let both = |place: &Place| {
        let (path, reason) = (place.what.path().to_vec(), reason.cloned());
        [Act::Erase { entry, path: path.clone(), reason: reason.clone() }, Act::Erased { entry, path, reason }]
    };
    places.iter().flat_map(both).collect()
}

/// What somebody asked to be erased and our side has not: by the request, or by the entry that it is about.
pub fn requested(case: &OpenCase, target: Ix) -> Done<(EntryId, Vec<Place>)> {
    let (entry, asked) = paths(case, target)?;
    let wanted = |place: &Place| asked.iter().any(|path| path == place.what.path());
    let places: Vec<Place> = chosen(case, &entry, None)?.into_iter().filter(wanted).collect();
    if places.is_empty() {
        return Err(CommandError::failed("your side erased that before"));
    }
    Ok((entry, places))
}

/// Says that our side has erased these places.
pub fn done(entry: EntryId, places: &[Place], reason: Option<&Sealable>) -> Vec<Act> {
    let one = |place: &Place| Act::Erased { entry, path: place.what.path().to_vec(), reason: reason.cloned() };
    places.iter().map(one).collect()
}

type Paths = Vec<Vec<PathStep>>;

fn paths(case: &OpenCase, target: Ix) -> Done<(EntryId, Paths)> {
    let fold = case.record.fold();
    if let Act::Erase { entry, path, .. } = fold.act(target) {
        return Ok((*entry, vec![path.clone()]));
    }
    let id = case.record.graph().id(target);
    let paths: Paths = case
        .lens()
        .about(&id)
        .filter_map(|ix| match fold.act(ix) {
            Act::Erase { path, .. } => Some(path.clone()),
            _ => None,
        })
        .collect();
    if paths.is_empty() {
        let name = case.entry_name(&id);
        return Err(CommandError::failed(format!("nobody asked to erase anything of {name}")).hint(format!(
            "`counterpart erase {} {}` erases it here and asks the others",
            case.short(),
            case.entry_typed(&id)
        )));
    }
    Ok((id, paths))
}
