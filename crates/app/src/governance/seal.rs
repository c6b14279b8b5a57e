//! Secrets at rest: sealed with a key of the home, so that a copy of the database alone gives nothing away.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::token::Secret;

/// Separates these keys from others of the home's secret (BLAKE3's key derivation context).
const PURPOSE: &str = "volano sealed secret v1";

impl Secret {
    fn sealing_key(&self) -> LessSafeKey {
        let key = self.derive(PURPOSE);
        LessSafeKey::new(
            UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has the algorithm's length"),
        )
    }

    /// Seals bytes for a place, such as `webhook ID`: they open nowhere else. A random nonce, then what it sealed.
    pub(crate) fn seal(&self, place: &str, bytes: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = bytes.to_vec();
        self.sealing_key()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .expect("a secret is short");
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed for a place; `None` when it was changed, or sealed for another place or by another home.
    pub(crate) fn open_sealed(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.sealing_key().open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes).ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_in_its_own_place_and_home_only() {
        let folder = tempfile::tempdir().unwrap();
        let secret = Secret::open(folder.path()).unwrap();
        let sealed = secret.seal("webhook a", b"hunter2");
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(secret.open_sealed("webhook a", &sealed).as_deref(), Some(&b"hunter2"[..]));
        assert_eq!(secret.open_sealed("webhook b", &sealed), None);
        assert_ne!(sealed, secret.seal("webhook a", b"hunter2"));
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert_eq!(secret.open_sealed("webhook a", &changed), None);
        assert_eq!(secret.open_sealed("webhook a", &sealed[..5]), None);
        let other = tempfile::tempdir().unwrap();
        assert_eq!(Secret::open(other.path()).unwrap().open_sealed("webhook a", &sealed), None);
    }
}
