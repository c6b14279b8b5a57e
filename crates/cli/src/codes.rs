//! Error codes: one table that messages, `volano explain` and the reference share.

use crate::exit::Exit;

/// A kind of failure that people can look up.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `E` and four digits; stays for ever.
    pub id: &'static str,
    /// What it means, in a line.
    pub title: &'static str,
    /// How the command leaves.
    pub exit: Exit,
    /// Why it happens and what to do.
    pub text: &'static str,
}

macro_rules! codes {
    ($($name:ident = $id:literal, $exit:ident, $title:literal, $text:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Code = Code { id: $id, title: $title, exit: Exit::$exit, text: $text };
        )*
        /// Every code, by number.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    USAGE = "E0101", Usage, "the command line is not understood",
        "A command, flag or argument is unknown, missing or doubled. The message says which, and names the nearest one.\n\
         `volano COMMAND -h` shows examples and what the command takes.";
    VALUE = "E0102", Usage, "a value does not make sense",
        "Something that was given (an argument, a field of a request, a setting) is of the wrong type or out of its range.\n\
         The message names the field and says what would be right.";
    NO_FILE = "E0103", Usage, "a file or folder cannot be read or written",
        "The path does not exist, is of the wrong kind, or this user may not use it. Paths are relative to the folder you are in.";
    REFERENCE = "E0104", Usage, "a reference is not written right",
        "Data versions are written NAME@v3, models NAME:3 or NAME@champion, runs as their id, a unique end of it, @last or @best.\n\
         See `volano help refs`.";
    HOME_IN_USE = "E0111", Unreachable, "the home folder is in use",
        "One process at a time may have a home open. A running server announces itself, and commands go to it by themselves;\n\
         this message means that the process that holds the home does not answer, or that a second server was to be started.\n\
         Stop the other process, or give another folder with --home.";
    PORT_IN_USE = "E0112", Unreachable, "the port is in use",
        "Another process listens on that port; perhaps a Volano server that is running already.\n\
         Give another one with --port, or --port 0 for a free one.";
    HOME = "E0113", Failed, "the home folder cannot be used",
        "The folder is not writable, its disk is full, its database is damaged, or a newer Volano wrote it.\n\
         Nothing was changed. `volano doctor` looks at each of these.";
    PYTHON = "E0114", Failed, "no usable Python",
        "Steps and Python models need python3 (3.9 or newer) on the PATH, with its venv module; uv is used when present.\n\
         On Debian and Ubuntu: apt install python3 python3-venv. `volano doctor` shows what was found.";
    ENVIRONMENT = "E0115", Failed, "a Python environment could not be made",
        "Installing the requirements failed; the last lines of the installer are in the message.\n\
         Check the names and versions in requirements.txt and the way to the package index.";
    LISTEN = "E0116", Usage, "the server may not listen there",
        "Without accounts a server listens on this machine only. --insecure-no-auth lifts that where the network itself is trusted.";
    UNREACHABLE = "E0121", Unreachable, "the server does not answer",
        "No connection could be made, or it broke. `volano config show --origin` says where the address comes from;\n\
         without --server, VOLANO_URL and a login, commands work on the folder's own home.";
    BUSY = "E0122", Unreachable, "the server is busy or something it needs is away",
        "A limit is reached or a part that is needed (database, model worker) does not answer now. The same command may work in a moment.";
    NOT_SIGNED_IN = "E0131", NotAllowed, "not signed in",
        "The server wants an access token: `volano login URL --token-stdin`.";
    NOT_ALLOWED = "E0132", NotAllowed, "not allowed",
        "The role of this user or token does not include the permission that is named. The refusal is in the audit log.";
    DATA = "E0201", Usage, "the data cannot be read",
        "A file is empty, cut off, not of the format its name says, has rows of different lengths, or text that is not UTF-8.\n\
         The message names the file and the place. Nothing was added.";
    CONTRACT = "E0212", CheckFailed, "data breaks its contract",
        "A data version does not keep the rules in contracts/NAME.yaml. It is kept for inspection but not published: nothing downstream saw it,\n\
         and what is served stays as it was. Look at the rows with `volano data diff`, then mend the data, or the rule if the world has changed.";
    GATE = "E0213", CheckFailed, "the gate said no",
        "The new model does not meet the conditions under `gate:` in volano.yaml. It stays unregistered; the champion goes on serving.\n\
         `volano pipeline status` shows every condition with its value.";
    DRIFT = "E0214", CheckFailed, "recent requests differ from the training data",
        "At least one column moved with evidence and by more than its limit. `volano monitor drift NAME` shows each.";
    PERFORMANCE = "E0215", CheckFailed, "the model got worse",
        "On labelled predictions the metric is below what the monitor allows. `volano monitor performance NAME` shows the windows.";
    DIFFERENT = "E0216", CheckFailed, "the versions differ",
        "`--exit-code` was given and there is a difference.";
    AUDIT = "E0217", CheckFailed, "the audit log is not intact",
        "An entry was altered, removed or moved: the chain of hashes breaks at the number shown. Compare with a backup.";
    CHECK = "E0218", CheckFailed, "a check said no",
        "The message names the check and its record.";
    IMPORT = "E0219", CheckFailed, "not everything is here as it is in the other store",
        "After an import both sides are compared: what is missing here, or is here with other content, is listed. What was here before\n\
         is never overwritten. The same import may be started again: it goes on where it stopped and doubles nothing.";
    FOREIGN = "E0220", Usage, "the other store cannot be read",
        "It is not what it was said to be (an SQLite database or an mlruns folder of MLflow), is older than MLflow 2.0, or is damaged.\n\
         Nothing was changed, here or there.";
    PROJECT = "E0301", Usage, "volano.yaml or a contract is not right",
        "The file has an unknown key, a value of the wrong type, or names something that is not there. The message shows the place.\n\
         `volano pipeline check` lists everything that is wrong at once, contracts included.";
    NO_PROJECT = "E0302", Usage, "there is no project here",
        "No volano.yaml in this folder or above it. `volano init` writes one; --project DIR names another folder.";
    NOT_FOUND = "E0401", Failed, "there is no such thing",
        "Nothing of that name or id is known to the server or home that was asked. `volano config show --origin` says which one that is.";
    EXISTS = "E0402", Failed, "it exists already",
        "A thing of that name is there. Nothing was changed.";
    CONFLICT = "E0403", Failed, "its state does not allow that",
        "The thing is in a state in which this cannot be done, or somebody else was faster. Nothing was changed.";
    STEP = "E0501", Failed, "a step failed",
        "A step of the pipeline ended with an error; the message names it and shows its last lines. Steps that were done stay done:\n\
         after mending it, `volano pipeline run` goes on from there.";
    COMMAND = "E0502", Failed, "the command could not be started",
        "The program after `--` is not there or not executable. The run is kept as failed.";
    INTERRUPTED = "E0601", Interrupted, "interrupted",
        "Ctrl-C. What was committed stays; a pipeline run can be taken up again.";
    INTERNAL = "E0901", Failed, "something went wrong inside",
        "This is a fault of the server or the machine, not of what you asked. The request id finds the entry in the server's log;\n\
         --debug shows more.";
}

/// The code with this id, in any case, with or without `E`.
pub fn find(id: &str) -> Option<&'static Code> {
    let digits = id.trim_start_matches(['e', 'E']);
    ALL.iter().copied().find(|code| &code.id[1..] == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_unique() {
        for pair in ALL.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        assert_eq!(find("e0212").map(|code| code.id), Some("E0212"));
        assert_eq!(find("0212").map(|code| code.id), Some("E0212"));
        assert_eq!(find("E9999"), None);
    }
}
