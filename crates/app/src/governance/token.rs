//! Tokens of running steps.
//!
//! A step's token is a keyed hash over its id, so it needs no table, outlives a restart of the server, and cannot be
//! made without the home's secret.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use domain::Id;

use super::signature::SigningKey;
use crate::{Actor, App, Error, Result};

/// Begins every step token, for secret scanners.
const PREFIX: &str = "vst_";
/// Separates this use of the secret from any other (BLAKE3's key derivation context).
const PURPOSE: &str = "volano step token v1";

/// The home's secret, from which keys are derived: 256 random bits.
#[derive(Clone)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// Reads the secret of a home, making it on first use.
    pub(crate) fn open(home: &Path) -> Result<Self> {
        let path = home.join("secret");
        let mut key = [0; 32];
        match fs::File::open(&path).and_then(|mut file| file.read_exact(&mut key)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                key = rand::random();
                crate::home::replace(&path, &key).map_err(Error::internal)?;
            }
            Err(error) => {
                let reason = format!("cannot be read ({error}): restore it from a backup or remove it");
                return Err(Error::conflict("file", path.display(), reason));
            }
        }
        Ok(Self(key))
    }

    /// A key for one purpose (BLAKE3's key derivation).
    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }

    fn sign(&self, step_run: &Id) -> blake3::Hash {
        let mut material = self.0.to_vec();
        material.extend_from_slice(step_run.as_str().as_bytes());
        let key = blake3::derive_key(PURPOSE, &material);
        blake3::keyed_hash(&key, step_run.as_str().as_bytes())
    }
}

/// Tokens as a view on [`App`].
pub struct Tokens<'a>(&'a App);

impl App {
    /// Tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(self)
    }
}

/// Separates the secrets of keys for signing from step tokens.
const SIGNING: &str = "volano signing key v1";
/// Begins every secret for signing, for secret scanners.
const SIGNING_PREFIX: &str = "vss_";

impl Tokens<'_> {
    /// What the code of a step signs with: its token in two parts.
    pub(super) fn step_key(&self, step_run: &Id) -> SigningKey {
        let secret = self.0.secret().sign(step_run).to_hex().to_string();
        SigningKey { id: format!("{PREFIX}{step_run}"), secret }
    }

    /// Whose key it is, and its secret.
    pub(super) fn signer(&self, id: &str) -> Option<(Actor, String)> {
        if let Some(step_run) = id.strip_prefix(PREFIX) {
            let step_run = Id::parse(step_run)?;
            return Some((Actor::step(&step_run), self.step_key(&step_run).secret));
        }
        let local = Actor::local();
        let key = self.0.secret().derive(SIGNING);
        (id == local.name)
            .then(|| (local, format!("{SIGNING_PREFIX}{}", blake3::keyed_hash(&key, id.as_bytes()).to_hex())))
    }

    /// The token that lets the code of `step_run` log to its runs and nothing else.
    pub fn for_step(&self, step_run: &Id) -> String {
        let SigningKey { id, secret } = self.step_key(step_run);
        format!("{id}_{secret}")
    }

    /// Whom a token stands for; `None` when it is not one of ours. Compared in constant time.
    pub fn actor(&self, token: &str) -> Option<Actor> {
        let (id, signature) = token.strip_prefix(PREFIX)?.split_once('_')?;
        let step_run = Id::parse(id)?;
        let given = blake3::Hash::from_hex(signature).ok()?;
        (self.0.secret().sign(&step_run) == given).then(|| Actor::step(&step_run))
    }
}
