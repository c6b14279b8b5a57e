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

use app::pipelines::journal::{InputKind, StepInput, in_holdout};
use domain::data::{FileId, TreeId};
use domain::pipelines::step::{Output, OutputKind, Split};
use objects::Store;
use tables::TableFile;
use tables::cut::{Keep, cut};

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
        inputs: &[StepInput],
        outputs: &[Output],
    ) -> io::Result<Self> {
        remove(folder)?;
        make(folder)?;
        let workspace = Self::existing(folder, inputs, outputs);
        make(&workspace.code)?;
        store.checkout(code_tree, &workspace.code).map_err(io::Error::other)?;
        make(&workspace.home)?;
        make(&folder.join("out"))?;
        for input in inputs {
            place(store, &folder.join("in").join(input.name.as_str()), input)?;
        }
        Ok(workspace)
    }

    /// The places in a folder that was prepared before.
    pub fn existing(folder: &Path, inputs: &[StepInput], outputs: &[Output]) -> Self {
        let at = |input: &StepInput| {
            let folder = folder.join("in").join(input.name.as_str());
            match input.files.as_slice() {
                _ if is_cut(input) => folder.join(cut_name(input)),
                // A model is a folder, whatever is in it.
                [only] if input.kind != InputKind::Model => folder.join(&only.path),
                _ => folder,
            }
        };
        let out = folder.join("out");
        Self {
            folder: folder.to_owned(),
            code: folder.join("code"),
            home: folder.join("home"),
            inputs: inputs.iter().map(|input| (input.name.to_string(), at(input))).collect(),
            outputs: outputs
                .iter()
                .map(|output| (output.name.to_string(), out.join(file_name(output))))
                .collect(),
        }
    }
}

/// The files of a table input as it is stored, before any cut.
pub(crate) fn table_files(store: &Store, input: &StepInput) -> io::Result<Vec<TableFile>> {
    input
        .files
        .iter()
        .map(|file| {
            let path = store.path(&id(&file.file_id)?).map_err(io::Error::other)?;
            Ok(TableFile { name: file.path.clone(), path })
        })
        .collect()
}

/// Writes the rows that count of an input that is a part of a table.
pub(crate) fn cut_into(store: &Store, input: &StepInput, to: &Path) -> io::Result<u64> {
    let files = table_files(store, input)?;
    let keep = match (&input.partition, input.sample) {
        (Some((by, name)), _) => Keep::Partition(by, name),
        (None, Split::Holdout) => Keep::Position(in_holdout),
        (None, Split::Train) => Keep::Position(|row| !in_holdout(row)),
        (None, Split::All) => Keep::Position(|_| true),
    };
    cut(&files, keep, to).map_err(io::Error::other)
}

/// Whether only some rows of an input count.
pub(crate) fn is_cut(input: &StepInput) -> bool {
    input.kind == InputKind::Table && (input.partition.is_some() || input.sample != Split::All)
}

fn cut_name(input: &StepInput) -> String {
    format!("{}.parquet", input.name)
}

/// The name of an output in `out/`.
fn file_name(output: &Output) -> String {
    match output.kind {
        OutputKind::Table => format!("{}.parquet", output.name),
        OutputKind::Metrics => format!("{}.json", output.name),
        OutputKind::Model | OutputKind::File => output.name.to_string(),
    }
}

fn place(store: &Store, folder: &Path, input: &StepInput) -> io::Result<()> {
    make(folder)?;
    if is_cut(input) {
        cut_into(store, input, &folder.join(cut_name(input)))?;
        return Ok(());
    }
    for file in &input.files {
        let target = folder.join(&file.path);
        make(target.parent().unwrap_or(folder))?;
        store.link_into(&id(&file.file_id)?, &target).map_err(io::Error::other)?;
    }
    Ok(())
}

fn id(text: &str) -> io::Result<FileId> {
    FileId::parse(text).ok_or_else(|| io::Error::other(format!("{text:?} is not the id of a file")))
}

pub(crate) fn make(folder: &Path) -> io::Result<()> {
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
