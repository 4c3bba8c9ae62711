//! Writing a file as a whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::error::CliError;

/// Writes text on stdout.
pub(crate) fn to_stdout(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Writes a file beside its place and puts it there when it is whole, so that who reads the old one
/// meanwhile never sees half of the new one.
///
/// # Errors
/// Exit code 2, with the place, when it cannot be written; what was there stays.
pub(crate) fn to_file(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let refused = |error: std::io::Error| {
        CliError::input(format!("cannot write {}: {error}", path.display()))
            .hint("name another place with -o; what was there is unchanged")
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tandem-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: what the umask leaves.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(refused)?;
    file.write_all(text.as_bytes()).map_err(refused)?;
    file.as_file().sync_all().map_err(refused)?;
    file.persist(path).map_err(|error| refused(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.html");
        to_file(&path, "old").expect("written");
        to_file(&path, "new").expect("replaced");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "new");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_place_that_is_not_there_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing/report.html");
        let error = to_file(&path, "text").expect_err("refused").text();
        assert!(error.contains("missing/report.html"), "{error}");
    }
}
