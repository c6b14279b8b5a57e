//! An endpoint in memory: its routes and how a request finds one. Replaced whole when something changes.

use std::sync::Arc;
use std::time::Duration;

use domain::Name;
use domain::registry::model::ModelName;
use domain::serving::{DeploymentState, RouteKind, Share};
use inference::{Health, LoadedModel};

use super::stats::RouteStats;

/// One version that answers for an endpoint.
pub(crate) struct Route {
    pub kind: RouteKind,
    pub model: ModelName,
    pub version: i64,
    pub share: Share,
    pub loaded: Arc<dyn LoadedModel>,
    pub stats: Arc<RouteStats>,
}

/// What answers requests to one deployment; never changed, only replaced.
pub(crate) struct Endpoint {
    pub name: Name,
    pub timeout: Duration,
    /// The live route, then the canary if there is one.
    pub routes: Vec<Route>,
    /// The state, and what is waited for, while there is no route.
    pub waiting: (DeploymentState, String),
}

impl Endpoint {
    /// The route for `key`: the same key stays on the same route while the shares stay, and a larger share only adds
    /// keys. A route whose workers keep failing is passed over while another can answer.
    pub fn choose(&self, key: &str) -> Option<&Route> {
        let live = self.routes.first()?;
        let chosen = match self.routes.get(1) {
            Some(canary) if bucket(&self.name, key) < canary.share.parts() => canary,
            _ => live,
        };
        if chosen.loaded.health() == Health::Ready {
            return Some(chosen);
        }
        let healthy = self.routes.iter().find(|route| route.loaded.health() == Health::Ready);
        Some(healthy.unwrap_or(chosen))
    }

    /// The actual state and its reason.
    pub fn state(&self) -> (DeploymentState, String) {
        let failing: Vec<(i64, String)> = self
            .routes
            .iter()
            .filter_map(|route| match route.loaded.health() {
                Health::Ready => None,
                Health::Failing(words) => Some((route.version, words)),
            })
            .collect();
        match failing.first() {
            _ if self.routes.is_empty() => self.waiting.clone(),
            None => (DeploymentState::Ready, String::new()),
            Some((version, words)) => {
                let state = if failing.len() == self.routes.len() {
                    DeploymentState::Failed
                } else {
                    DeploymentState::Degraded
                };
                (state, format!("version {version}: {words}"))
            }
        }
    }

    /// The route that has the traffic, for a request that the canary failed.
    pub fn live(&self) -> Option<&Route> {
        self.routes.first().filter(|route| route.kind == RouteKind::Live)
    }
}

/// A number from 0 to 9,999 that depends on the deployment, so that not the same users try every canary.
fn bucket(deployment: &Name, key: &str) -> u16 {
    let mut hash = Fnv::default();
    hash.write(deployment.as_str().as_bytes());
    hash.write(&[0]);
    hash.write(key.as_bytes());
    u16::try_from(hash.mixed() % u64::from(Share::FULL.parts())).unwrap_or(0)
}

/// FNV-1a with a final mix (from MurmurHash3): short keys that differ in their last digit spread evenly.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn mixed(&self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_spread_evenly_and_stay_where_they_are() {
        let name = Name::parse("late").unwrap();
        let below = |share: u16| {
            (0..20_000).filter(|number| bucket(&name, &format!("user-{number}")) < share).count()
        };
        for share in [500u16, 2_500] {
            let expected = 20_000 * usize::from(share) / 10_000;
            let found = below(share);
            assert!(found.abs_diff(expected) < expected / 10, "{found} of {expected}");
        }
        assert_eq!(bucket(&name, "a"), bucket(&name, "a"));
        let other = Name::parse("other").unwrap();
        assert!((0..100).any(|n| bucket(&name, &n.to_string()) != bucket(&other, &n.to_string())));
    }
}
