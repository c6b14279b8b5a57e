//! The folder that a step works in: the project's files, its inputs, and the places for what it makes.
//!
//! ```text
//! .volano/work/<step run>/code/     the project's files as the pipeline run pinned them; the working folder
//!                         in/<name> the inputs, read-only
//!                         out/      what the step is to write
//!                         home/     HOME and TMPDIR
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domain::data::{FileId, TreeId};
use domain::pipelines::step::{Output, OutputKind};
use domain::pipelines::step_run::OutputFile;
use objects::Store;

/// One input, ready to be put in place.
#[derive(Clone, Debug)]
pub(crate) struct InputFiles {
    /// What the step calls it.
    pub name: String,
    /// Its files.
    pub files: Vec<OutputFile>,
}

/// A prepared folder.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// The folder itself.
    pub folder: PathBuf,
    /// The working folder of the step's program.
    pub code: PathBuf,
    /// HOME of the step's program.
    pub home: PathBuf,
    /// Where each input is: a file when it has one, else a folder.
    pub inputs: BTreeMap<String, PathBuf>,
    /// Where each output is expected.
    pub outputs: BTreeMap<String, PathBuf>,
}

impl Workspace {
    /// Makes the folder anew; what an earlier attempt left is removed.
    pub fn prepare(
        store: &Store,
        folder: &Path,
        code_tree: &TreeId,
        inputs: &[InputFiles],
        outputs: &[Output],
    ) -> io::Result<Self> {
        remove(folder)?;
        make(folder)?;
        let code = folder.join("code");
        make(&code)?;
        store.checkout(code_tree, &code).map_err(io::Error::other)?;
        let home = folder.join("home");
        make(&home)?;
        let out = folder.join("out");
        make(&out)?;
        let inputs = inputs
            .iter()
            .map(|input| Ok((input.name.clone(), place(store, &folder.join("in"), input)?)))
            .collect::<io::Result<_>>()?;
        let outputs = outputs
            .iter()
            .map(|output| (output.name.to_string(), out.join(file_name(output))))
            .collect();
        Ok(Self {
            folder: folder.to_owned(),
            code,
            home,
            inputs,
            outputs,
        })
    }
}

/// The name of an output in `out/`.
fn file_name(output: &Output) -> String {
    match output.kind {
        OutputKind::Table => format!("{}.parquet", output.name),
        OutputKind::Metrics => format!("{}.json", output.name),
        OutputKind::Model | OutputKind::File => output.name.to_string(),
    }
}

fn place(store: &Store, root: &Path, input: &InputFiles) -> io::Result<PathBuf> {
    let folder = root.join(&input.name);
    make(&folder)?;
    for file in &input.files {
        let id = FileId::parse(&file.file_id).ok_or_else(|| not_an_id(&file.file_id))?;
        let target = folder.join(&file.path);
        make(target.parent().unwrap_or(&folder))?;
        store.link_into(&id, &target).map_err(io::Error::other)?;
    }
    match input.files.as_slice() {
        [only] => Ok(folder.join(&only.path)),
        _ => Ok(folder),
    }
}

fn not_an_id(text: &str) -> io::Error {
    io::Error::other(format!("{text:?} is not the id of a file"))
}

fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Removes a step's folder, also folders in it that the step protected against writing; absent is fine.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_folders(folder)?;
            fs::remove_dir_all(folder)
        }
        Err(error) => Err(error),
    }
}

fn open_folders(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}
