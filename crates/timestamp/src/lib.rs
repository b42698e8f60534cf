//! Time stamps of RFC 3161: what is asked of a service, what it answers, and whether its token holds.
//!
//! A service signs a hash together with the time. It learns nothing else, and whoever trusts its root certificate
//! knows from then on that what was hashed existed at that time. No network, no clock and no disk in here: bytes come
//! in, a judgement comes out. Structures are taken apart with the `der` crate; signatures and chains of certificates
//! are checked by `webpki` and *ring*. Whatever bytes come, nothing panics, and no more than [`MAX_TOKEN`] bytes are
//! looked at.

// In reading order: what is sent, what comes back, what it is made of, whether it holds.
mod certificate;
mod info;
mod pieces;
mod request;
mod response;
mod roots;
mod signed_data;
mod token;

pub use request::{Nonce, request};
pub use response::{MAX_RESPONSE, ResponseError, token};
pub use roots::{MAX_ROOTS_FILE, Root, Roots, RootsError};
pub use token::{Stamp, Token, TokenError, TrustError};

/// Largest token, in bytes.
pub const MAX_TOKEN: usize = 65_536;
