//! Which service is asked, and whose word on the time is taken: kept in the home, part of nothing that is signed.

use std::{fs, io, path::PathBuf};

use counterpart_timestamp::Roots;

use super::ServiceUrl;
use crate::{desk::Desk, error::DeskError, home::write_private};

const FILE: &str = "stamp-service";
/// A folder: a file each root certificate, in DER, named by its fingerprint.
const ROOTS: &str = "stamp-roots";

/// Where time stamps are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampSettings {
    pub service: ServiceUrl,
    /// Whether one is asked for unasked, whenever something is agreed.
    pub at_agreements: bool,
}

impl StampSettings {
    fn read(text: &str) -> Option<Self> {
        let (mut service, mut at_agreements) = (None, None);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(' ')? {
                ("service", url) => service = Some(ServiceUrl::parse(url).ok()?),
                ("at-agreements", "yes") => at_agreements = Some(true),
                ("at-agreements", "no") => at_agreements = Some(false),
                _ => return None,
            }
        }
        Some(Self { service: service?, at_agreements: at_agreements? })
    }

    fn write(&self) -> String {
        format!("service {}\nat-agreements {}\n", self.service, if self.at_agreements { "yes" } else { "no" })
    }
}

impl Desk {
    /// Where this home asks for time stamps; nothing until it was told.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn stamp_settings(&self) -> Result<Option<StampSettings>, DeskError> {
        let path = self.home().join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(DeskError::File { path, why: e.to_string() }),
        };
        let why = "it cannot be understood; `counterpart stamp --configure` writes it anew";
        StampSettings::read(&text).map(Some).ok_or_else(|| DeskError::File { path, why: why.to_owned() })
    }

    /// Chooses where this home asks for time stamps.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn keep_stamp_settings(&self, settings: &StampSettings) -> Result<(), DeskError> {
        let (path, written) = (self.home().join(FILE), self.home().join("stamp-service.new"));
        let kept = write_private(&written, settings.write().as_bytes()).and_then(|()| fs::rename(&written, &path));
        kept.map_err(|e| DeskError::File { path, why: e.to_string() })
    }

    /// The root certificates this home trusts for time stamps; nothing where there is none.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn stamp_roots(&self) -> Result<Option<Roots>, DeskError> {
        let folder = self.home().join(ROOTS);
        let failed = |path: PathBuf, why: String| DeskError::File { path, why };
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(folder, e.to_string())),
        };
        let mut roots: Option<Roots> = None;
        for file in files {
            let path = file.map_err(|e| failed(folder.clone(), e.to_string()))?.path();
            if path.extension().is_none_or(|ending| ending != "der") {
                continue;
            }
            let bytes = fs::read(&path).map_err(|e| failed(path.clone(), e.to_string()))?;
            let read = Roots::read(&bytes).map_err(|e| failed(path, e.to_string()))?;
            roots = Some(match roots {
                Some(known) => known.and(read),
                None => read,
            });
        }
        Ok(roots)
    }

    /// Trusts root certificates for time stamps, beside those that are trusted already.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn trust_stamp_roots(&self, roots: &Roots) -> Result<(), DeskError> {
        let folder = self.home().join(ROOTS);
        let failed = |path: PathBuf, e: io::Error| DeskError::File { path, why: e.to_string() };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|e| failed(folder.clone(), e))?;
        for root in roots.all() {
            let path = folder.join(format!("{}.der", data_encoding::HEXLOWER.encode(&root.fingerprint)));
            let written = path.with_extension("new");
            let kept = write_private(&written, root.der()).and_then(|()| fs::rename(&written, &path));
            kept.map_err(|e| failed(path, e))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_written() {
        let service = ServiceUrl::parse("https://time.example/stamp?x=1").expect("an address");
        for at_agreements in [true, false] {
            let settings = StampSettings { service: service.clone(), at_agreements };
            assert_eq!(StampSettings::read(&settings.write()), Some(settings));
        }
        for text in
            ["", "service https://time.example/\n", "at-agreements yes\n", "service ftp://x\nat-agreements no\n"]
        {
            assert_eq!(StampSettings::read(text), None, "{text}");
        }
        assert_eq!(StampSettings::read("service https://time.example/\nat-agreements yes\nelse 1\n"), None);
    }
}
