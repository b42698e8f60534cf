//! Verifying a bundle: what was signed by its signatures and the gate, everything else by making it anew.
//!
//! The order is that of `docs/protocol.md`, "Verifying", so that every verifier names the same fault. First each
//! member by itself, so that what was altered is named and not what rests on it; then all that was signed into a
//! record, by the order of the bundle; then what is made from that, made again and compared.

mod look;
mod take;

use std::ops::Range;

use counterpart_core::{change::ChangeWriter, exporter::ExporterWord, gate::Refusal, graph::Ix, record::Record};
use counterpart_timestamp::Roots;

use self::look::Looked;
use crate::{
    archive::{self, Member},
    bag::{self, Sha},
    contents::{self, Part},
    delivery::Delivery,
    failure::{Failure, FailureKind},
    layout::{self, Layout},
    parallel, stamps, timeline,
    verdict::{AttachmentReport, Beside, Verdict},
};

/// Checks everything in a bundle and says what it proves. Needs no identity, no network and no clock.
///
/// `progress` is called now and then, from several threads, with members looked at and members in all.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(bytes: &[u8], progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Verdict, Failure> {
    verify_with(bytes, None, progress)
}

/// As [`verify`], believing time stamps that these roots vouch for: they prove times.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify_with(
    bytes: &[u8],
    roots: Option<&Roots>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Verdict, Failure> {
    let Checked { record, verdict, .. } = check(bytes, roots, progress)?;
    let many = verdict.entries.len() > MANY;
    let (graph, rest) = record.into_parts();
    if many {
        parallel::both(|| drop(graph), || drop(rest));
    }
    Ok(verdict)
}

/// Of a record with more entries two threads let go.
const MANY: usize = 1000;

/// A bundle in which everything holds.
pub(crate) struct Checked<'b> {
    pub(crate) record: Record,
    pub(crate) verdict: Verdict,
    pub(crate) layout: Layout<'b>,
}

pub(crate) fn check<'b>(
    bytes: &'b [u8],
    roots: Option<&Roots>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Checked<'b>, Failure> {
    let members = archive::read(bytes)?;
    check_version(&members)?;
    let layout = Layout::of(&members)?;
    let many = layout.entries.len() >= layout::MAX_ENTRIES
        || layout.receipts.len() > layout::MAX_RECEIPTS
        || layout.stamps.len() > layout::MAX_STAMPS;
    if many {
        let why = "it holds more entries, receipts or time stamps than a bundle may";
        return Err(Failure::whole(FailureKind::TooLarge, why));
    }
    let mut entries = take::Entries::new(&layout);
    let believed = || Believed::of(&layout, &members);
    let Looked { receipts, digests } = look::at_each(&members, believed, progress, |entry| entries.take(entry))?;
    let (mut record, count) = entries.finish()?;
    let standing = record.graph().in_document();
    let document = changes(&record, &standing);
    let document = document.map_err(|(index, refusal)| take::bad_change(&record, index, &layout, refusal))?;
    take::receipts(&mut record, receipts, &layout)?;
    take::values(&mut record, &layout)?;
    let named = contents::named_files(&record);
    let held = take::files(&named, &layout)?;
    let stamps = stamps::judged(&record, &layout, roots)?;

    let word = exporters_word(&record, &layout, count)?;
    check_key_parties(&record, &word, &layout)?;
    let (times, (delivery, grades)) =
        parallel::both(|| record.proven_times(), || (Delivery::of(&record), record.grades()));
    let listed = digest_of(layout::MANIFEST, &members, &digests);
    let rebuilt = || {
        let timeline = timeline::render(&record, &delivery, &grades, &times, word.at);
        compare(&[contents::readme()], &members)?;
        compare_pieces(layout::DOCUMENT, &document, &members)?;
        compare_pieces(layout::TIMELINE, &timeline, &members)?;
        let payload = |(member, _): &(&Member<'_>, &Sha)| member.name.starts_with(layout::PAYLOAD);
        let (payload, digests): (Vec<Member<'_>>, Vec<Sha>) = members.iter().zip(&digests).filter(payload).unzip();
        let manifest = bag::manifest(payload.iter().map(|m| m.name).zip(digests));
        let supplied = manifest.as_bytes() == layout.manifest.bytes;
        let digest = if supplied { listed } else { bag::digest(manifest.as_bytes()) };
        if digest != word.manifest {
            let why = "its signer made a file with other contents: something was put in, taken out or altered since";
            return Err(Failure::of(layout::EXPORTER, FailureKind::BadExporter, why));
        }
        let octets = contents::octets(&payload);
        compare(&contents::tags(&word.case, word.at, octets, layout.exporter.bytes, manifest), &members)
    };
    let beside = Beside {
        attachments: AttachmentReport { held: held.len(), lacking: named.difference(&held).copied().collect() },
        specification: digest_of(layout::SPECIFICATION, &members, &digests),
        stamps,
    };
    let (compared, verdict) =
        parallel::both(rebuilt, || Verdict::of(&record, &standing, &delivery, &grades, &times, &word, beside));
    compared.map(|()| Checked { record, verdict, layout })
}

fn check_version(members: &[Member<'_>]) -> Result<(), Failure> {
    let info = members.iter().find(|m| m.name == layout::BAG_INFO).ok_or(Failure::missing(layout::BAG_INFO))?;
    let version = bag::version(info.bytes).unwrap_or_default();
    let number = (1..=9).contains(&version.len())
        && version.bytes().all(|b| b.is_ascii_digit())
        && (version == "0" || !version.starts_with('0'));
    let advice = match version.parse::<u32>() {
        _ if version == bag::VERSION => return Ok(()),
        Ok(n) if number && n < 2 => "an older form, which was never released; export the case again",
        Ok(_) if number => "a newer form than this program knows; update the program",
        _ => return Err(Failure::altered(layout::BAG_INFO)),
    };
    let why = format!("it is a bundle of version {version}: {advice}");
    Err(Failure::of(layout::BAG_INFO, FailureKind::OtherVersion, why))
}

/// The list of checksums, where the list of the lists says that it is as it was. It proves nothing, but tells what was
/// altered from what rests on it.
struct Believed<'b> {
    lines: Option<Vec<(&'b str, Sha)>>,
    /// How many members stand before those that it lists.
    before: usize,
}

impl<'b> Believed<'b> {
    /// Holds members against the list's names; fails with the first missing or unexpected one.
    fn of(layout: &Layout<'b>, members: &[Member<'b>]) -> Result<Self, Failure> {
        let manifest = layout.manifest.bytes;
        let listed = bag::lists(layout.tag_manifest.bytes, layout::MANIFEST, bag::digest(manifest));
        let Some(lines) = bag::lines(manifest).filter(|_| listed) else { return Ok(Self { lines: None, before: 0 }) };
        let mut names = lines.iter().map(|(name, _)| *name).peekable();
        for member in members.iter().filter(|m| m.name.starts_with(layout::PAYLOAD)) {
            match names.next_if(|name| *name <= member.name) {
                Some(name) if name == member.name => {}
                Some(name) => return Err(Failure::missing(name)),
                None => return Err(Failure::unexpected(member.name)),
            }
        }
        names.next().map_or(Ok(()), |name| Err(Failure::missing(name)))?;
        // From here on they stand side by side.
        let before = members.partition_point(|m| m.name < layout::PAYLOAD);
        Ok(Self { lines: Some(lines), before })
    }

    /// Whether the list gives another checksum for the n-th member.
    fn contradicts(&self, n: usize, digest: &Sha) -> bool {
        let line = self.lines.as_ref().and_then(|lines| lines.get(n.checked_sub(self.before)?));
        line.is_some_and(|(_, listed)| listed != digest)
    }
}

fn exporters_word(record: &Record, layout: &Layout<'_>, entries: usize) -> Result<ExporterWord, Failure> {
    let bad = |why: &dyn std::fmt::Display| Failure::of(layout::EXPORTER, FailureKind::BadExporter, why);
    let word = ExporterWord::verify(layout.exporter.bytes).map_err(|refusal| bad(&refusal))?;
    if record.case() != Some(word.case) {
        return Err(bad(&"it is about another case"));
    }
    if !contents::was_let_in(record, &word.party) {
        return Err(bad(&"it is by a party that nobody let into this case"));
    }
    word.check_grant(record.logs()).map_err(|refusal| bad(&refusal))?;
    if word.entries as usize != entries {
        let why = format!("its signer had {} entries of this case, and {entries} are here", word.entries);
        return Err(bad(&why));
    }
    Ok(word)
}

/// Nobody's key log lies in the bundle but those that something in it relies on.
fn check_key_parties(record: &Record, word: &ExporterWord, layout: &Layout<'_>) -> Result<(), Failure> {
    let mut parties = contents::key_parties(record);
    parties.insert(word.party);
    let strange = layout.keys.iter().find(|member| {
        let event = layout::event_id(member.name).and_then(|id| record.logs().event(&id));
        !event.is_some_and(|event| parties.contains(&event.party))
    });
    strange.map_or(Ok(()), |member| Err(Failure::unexpected(member.name)))
}

/// Makes the change of every entry anew, over all cores, and compares it with the signed one. Gives the document, in
/// pieces: the changes that stand in it, one after the other, which is a form that every Automerge implementation
/// opens.
///
/// Automerge's own saved form would be smaller, but another version of the library may write the same document in
/// other bytes; a change's bytes are what its signed hash is over.
pub(crate) fn changes(record: &Record, standing: &[Ix]) -> Result<Vec<Vec<u8>>, (usize, Refusal)> {
    let graph = record.graph();
    let all: Vec<Ix> = graph.all().collect();
    let mut stands = vec![false; all.len()];
    for ix in standing {
        stands[ix.at()] = true;
    }
    let work = |writer: &mut ChangeWriter, range: Range<usize>| {
        let mut piece = Vec::with_capacity(range.len() * 640);
        for n in range {
            let from = piece.len();
            let signed = graph.node(all[n]).entry.change;
            if record.write_change_of(all[n], writer, &mut piece) != signed {
                // Nothing is refused for what was written here: Automerge's own word is asked.
                let built = record.change_of(all[n]);
                if built.end.change != signed {
                    return Err(n);
                }
                piece.truncate(from);
                piece.extend(built.raw_bytes());
            }
            if !stands[n] {
                piece.truncate(from);
            }
        }
        Ok(piece)
    };
    let pieces = parallel::chunks(all.len(), ChangeWriter::default, work);
    pieces.into_iter().collect::<Result<_, usize>>().map_err(|index| (index, Refusal::Change))
}

fn digest_of(name: &str, members: &[Member<'_>], digests: &[Sha]) -> Sha {
    let at = members.iter().position(|m| m.name == name);
    at.map(|at| digests[at]).unwrap_or_default()
}

/// Members as made anew against members as supplied. All of these are there.
fn compare(made: &[Part<'_>], members: &[Member<'_>]) -> Result<(), Failure> {
    made.iter().try_for_each(|part| compare_pieces(part.name, &[&*part.bytes], members))
}

/// A member made anew in pieces against the one that was supplied.
fn compare_pieces(name: &str, made: &[impl AsRef<[u8]>], members: &[Member<'_>]) -> Result<(), Failure> {
    let found = members.binary_search_by(|m| m.name.cmp(name)).map_or(&[][..], |at| members[at].bytes);
    let rest = made.iter().try_fold(found, |rest, piece| rest.strip_prefix(piece.as_ref()));
    if rest == Some(&[]) { Ok(()) } else { Err(differs(name)) }
}

fn differs(member: &str) -> Failure {
    match member {
        layout::DOCUMENT => {
            let why = "the Automerge document is not the one that the signed entries make; it was altered";
            Failure::of(member, FailureKind::DocumentDiffers, why)
        }
        layout::TIMELINE => {
            let why = "the readable timeline is not the one that the signed entries make; it was altered";
            Failure::of(member, FailureKind::TimelineDiffers, why)
        }
        _ => Failure::altered(member),
    }
}
