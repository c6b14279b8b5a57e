//! Bytes by content: files, trees and commits under their BLAKE3 ids.
