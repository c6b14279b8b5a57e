//! What tests share: databases of both engines.

use db::Db;

/// A database of each engine, empty but for the schema, gone when dropped (PostgreSQL's with its server).
pub struct TestDatabase {
    /// The handle.
    pub db: Db,
    _folder: Option<tempfile::TempDir>,
}

/// One fresh database per engine; run the same test body on each.
///
/// # Panics
/// When `VOLANO_TEST_POSTGRES` (a `postgres://` address whose user may create databases) is not set: `cargo xtask test`
/// starts a private server and sets it.
pub async fn databases() -> Vec<TestDatabase> {
    vec![sqlite().await, postgres().await]
}

/// A fresh SQLite database in a temporary folder.
pub async fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let db = Db::open(&url).await.expect("a fresh SQLite database opens");
    TestDatabase { db, _folder: Some(folder) }
}

/// A fresh PostgreSQL database on the test server.
pub async fn postgres() -> TestDatabase {
    let url = postgres_url().await;
    let db = Db::open(&url).await.expect("a fresh PostgreSQL database opens");
    TestDatabase { db, _folder: None }
}

/// Makes an empty database on the test server and returns its address.
pub async fn postgres_url() -> String {
    let server = std::env::var("VOLANO_TEST_POSTGRES")
        .expect("VOLANO_TEST_POSTGRES names a PostgreSQL server: run the tests with `cargo xtask test`");
    let name = format!("test_{}", uuid::Uuid::now_v7().simple());
    db::testing::create_database(&server, &name).await.expect("the test server can create a database");
    let (base, _) = server.rsplit_once('/').expect("the address ends in /NAME");
    format!("{base}/{name}")
}
