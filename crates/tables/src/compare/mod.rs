//! Champion against challenger on the same rows.

pub mod bootstrap;
pub mod delong;
pub mod holm;
pub mod mcnemar;

pub use bootstrap::paired_bootstrap;
pub use delong::{AucComparison, compare_auc};
pub use holm::holm;
pub use mcnemar::{McNemar, mcnemar};
