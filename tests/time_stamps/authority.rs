//! A throw-away certificate authority and its time-stamp service, made by openssl in a temporary folder.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Whether openssl is here; says aloud that nothing was tried where it is not.
pub(crate) fn openssl_present() -> bool {
    if Command::new("openssl").arg("version").output().is_ok_and(|o| o.status.success()) {
        return true;
    }
    let missing = "needs the command openssl";
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {missing}");
    drop(writeln!(std::io::stderr(), "skipped: {missing}"));
    false
}

const CONFIG: &str = "
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[overlooked]
extendedKeyUsage = timeStamping
[both]
extendedKeyUsage = critical, timeStamping, codeSigning
[web]
extendedKeyUsage = critical, serverAuth
[ca]
default_ca = past
[past]
database = database
new_certs_dir = .
serial = past.serial
default_md = sha256
policy = any
[any]
commonName = supplied
[tsa]
default_tsa = service
[service]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500
clock_precision_digits = 3
signer_digest = sha256
ess_cert_id_alg = sha256
tsa_name = yes
ordering = no
";

/// What keys its certificates have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys {
    Rsa,
    Ec,
}

#[derive(Debug)]
pub(crate) struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// A root called `Example Root`, and a service called `Example Time` whose certificate it signed.
    pub(crate) fn new(keys: Keys) -> Self {
        let made = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::write(made.path("config"), CONFIG).expect("its configuration");
        let kind: &[&str] = match keys {
            Keys::Rsa => &["-newkey", "rsa:2048"],
            Keys::Ec => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        let root = ["req", "-x509", "-noenc", "-keyout", "root.key", "-out", "root.pem", "-days", "3650"];
        made.openssl(&[&root[..], &["-subj", "/O=Example/CN=Example Root", "-extensions", "authority"], kind].concat());
        let asked = ["req", "-noenc", "-keyout", "service.key", "-out", "service.csr", "-subj", "/CN=Example Time"];
        made.openssl(&[&asked[..], kind].concat());
        made.certify("service", "stamps");
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The answer to a request.
    pub(crate) fn answer(&self, request: &[u8]) -> Vec<u8> {
        self.answer_as("service", request)
    }

    /// The answer by a service with another certificate over the same key.
    pub(crate) fn answer_as(&self, certificate: &str, request: &[u8]) -> Vec<u8> {
        fs::write(self.path("request"), request).expect("the request");
        let signer = format!("{certificate}.pem");
        let reply = ["ts", "-reply", "-queryfile", "request", "-config", "config", "-out", "answer"];
        self.openssl(&[&reply[..], &["-signer", &signer, "-inkey", "service.key"]].concat());
        fs::read(self.path("answer")).expect("the answer")
    }

    /// The service's key with another certificate, of a section of the configuration.
    pub(crate) fn certify(&self, name: &str, section: &str) {
        let out = format!("{name}.pem");
        let made = ["x509", "-req", "-in", "service.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"];
        self.openssl(
            &[&made[..], &["-out", &out, "-days", "3650", "-extfile", "config", "-extensions", section]].concat(),
        );
    }

    /// The service's key with a certificate that was good in the year 2020 alone.
    pub(crate) fn certify_for_2020(&self, name: &str) {
        fs::write(self.path("database"), "").expect("a database");
        let out = format!("{name}.pem");
        let made = ["ca", "-batch", "-notext", "-rand_serial", "-in", "service.csr", "-cert", "root.pem"];
        let when = ["-startdate", "20200101000000Z", "-enddate", "20201231235959Z", "-config", "config"];
        let what = ["-keyfile", "root.key", "-extensions", "stamps", "-out", &out];
        self.openssl(&[&made[..], &when, &what].concat());
    }

    /// An answer whose token is signed again, by the service's key with another certificate, which openssl's service
    /// itself would refuse to sign with.
    pub(crate) fn answer_signed_again(&self, certificate: &str, request: &[u8]) -> Vec<u8> {
        self.answer(request);
        self.openssl(&["ts", "-reply", "-in", "answer", "-token_out", "-out", "token"]);
        self.openssl(&["cms", "-verify", "-noverify", "-inform", "DER", "-in", "token", "-out", "info"]);
        self.sign(&[certificate], "1.2.840.113549.1.9.16.1.4", "info")
    }

    /// An answer with a file signed as if it were a token.
    pub(crate) fn sign(&self, certificates: &[&str], kind: &str, file: &str) -> Vec<u8> {
        let files: Vec<String> = certificates.iter().map(|name| format!("{name}.pem")).collect();
        let signed =
            ["cms", "-sign", "-binary", "-nodetach", "-cades", "-md", "sha256", "-outform", "DER", "-in", file];
        let mut arguments = [&signed[..], &["-econtent_type", kind, "-out", "signed"]].concat();
        for file in &files {
            arguments.extend(["-signer", file, "-inkey", "service.key"]);
        }
        self.openssl(&arguments);
        wrapped(&fs::read(self.path("signed")).expect("what was signed"))
    }

    pub(crate) fn openssl(&self, arguments: &[&str]) {
        let run = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OPENSSL_CONF", Path::new("config"))
            .stdin(Stdio::null())
            .output()
            .expect("openssl starts");
        assert!(run.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    }
}

/// An answer that grants a token.
pub(crate) fn wrapped(token: &[u8]) -> Vec<u8> {
    let inner = 5 + token.len();
    let length = u16::try_from(inner).expect("a token of some thousand bytes").to_be_bytes();
    [&[0x30, 0x82, length[0], length[1], 0x30, 0x03, 0x02, 0x01, 0x00], token].concat()
}
