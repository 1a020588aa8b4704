//! Digests and ids, for the functions of both query languages.

use fastrand::Rng;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Lower-case hexadecimal; None for an algorithm that there is not.
pub(super) fn hash(content: &str, algorithm: &str) -> Option<String> {
    let bytes = content.as_bytes();
    Some(match algorithm {
        "MD5" => hex(&Md5::digest(bytes)),
        "SHA-1" => hex(&Sha1::digest(bytes)),
        "SHA-256" => hex(&Sha256::digest(bytes)),
        "SHA-384" => hex(&Sha384::digest(bytes)),
        "SHA-512" => hex(&Sha512::digest(bytes)),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A version 4 UUID.
pub(super) fn uuid(random: &mut Rng) -> String {
    let bits = random.u128(..);
    let bits = bits & !(0xf << 76) | 4 << 76;
    let bits = bits & !(0x3 << 62) | 2 << 62;
    let text = format!("{bits:032x}");
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_hexadecimal() {
        let hash = |algorithm| hash("input data", algorithm);
        assert_eq!(
            hash("SHA-1").as_deref(),
            Some("aaff4a450a104cd177d28d18d74485e8cae074b7")
        );
        assert_eq!(hash("MD5").map(|h| h.len()), Some(32));
        assert_eq!(hash("SHA-512").map(|h| h.len()), Some(128));
        assert_eq!(hash("sha-1"), None);
    }

    #[test]
    fn an_id_is_a_version_4_uuid() {
        let id = uuid(&mut Rng::with_seed(7));
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
        assert_ne!(id, uuid(&mut Rng::with_seed(8)));
    }
}
