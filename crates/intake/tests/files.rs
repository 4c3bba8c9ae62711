//! Whole files, friendly and hostile.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use intake::{
    FileError, IntakeError, LineError, LineErrorKind, Options, Reader, RejectsWriter, Source,
};
use proptest::prelude::*;

/// A line for the pull request of this number.
fn line(number: u64) -> String {
    format!(r#"{{"repo":"acme/stairs","number":{number},"title":"Step {number}"}}"#)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("packs");
    encoder.finish().expect("packs")
}

/// With a checksum, as the command-line tool packs.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("packs");
    encoder.include_checksum(true).expect("packs");
    encoder.write_all(bytes).expect("packs");
    encoder.finish().expect("packs")
}

/// What a reader gave: numbers of records, bad lines, and how it ended.
#[derive(Debug, Default)]
struct Found {
    numbers: Vec<(u64, u64)>,
    bad: Vec<LineError>,
    fatal: Option<FileError>,
}

fn drain(reader: Reader) -> Found {
    let mut found = Found::default();
    for item in reader {
        assert!(found.fatal.is_none(), "nothing comes after the end");
        match item {
            Ok(record) => found
                .numbers
                .push((record.line_number, record.pull_request.number)),
            Err(IntakeError::Line(bad)) => found.bad.push(bad),
            Err(IntakeError::File(fatal)) => found.fatal = Some(fatal),
        }
    }
    found
}

fn read(bytes: &[u8], options: Options) -> Found {
    match Reader::from_read(
        "memory",
        Box::new(std::io::Cursor::new(bytes.to_vec())),
        options,
    ) {
        Ok(reader) => drain(reader),
        Err(fatal) => Found {
            fatal: Some(fatal),
            ..Found::default()
        },
    }
}

fn read_all(bytes: &[u8]) -> Found {
    read(bytes, Options::default())
}

/// Reads a sound file: line and pull request numbers.
fn check(name: &str, bytes: &[u8], expect: &[(u64, u64)]) {
    let found = read_all(bytes);
    assert!(
        found.fatal.is_none() && found.bad.is_empty(),
        "{name}: {found:?}"
    );
    assert_eq!(found.numbers, expect, "{name}");
}

#[test]
fn every_packing_and_every_line_end() {
    let two = format!("{}\n{}\n", line(1), line(2));
    let expect = &[(1, 1), (2, 2)];
    check("plain", two.as_bytes(), expect);
    check("gzip", &gzip(two.as_bytes()), expect);
    check("zstd", &zstd(two.as_bytes()), expect);
    let one = format!("{}\n", line(1));
    let members =
        |pack: fn(&[u8]) -> Vec<u8>| [pack(one.as_bytes()), pack(line(2).as_bytes())].concat();
    check("two gzip members", &members(gzip), expect);
    check("two zstd frames", &members(zstd), expect);
    let skippable = [
        &[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7][..],
        &zstd(two.as_bytes()),
    ]
    .concat();
    check("zstd after a skippable frame", &skippable, expect);
    check("no end", two.trim_end().as_bytes(), expect);
    check("CRLF", two.replace('\n', "\r\n").as_bytes(), expect);
    let marked = format!("\u{feff}{two}");
    check("byte order mark", marked.as_bytes(), expect);
    let blank = format!("\n \t\r\n{two}\n\n");
    check("blank lines count", blank.as_bytes(), &[(3, 1), (4, 2)]);
    check("empty", b"", &[]);
    check("a byte", b"\n", &[]);
    check("empty gzip", &gzip(b""), &[]);
}

#[test]
fn a_member_may_end_in_the_middle_of_a_line() {
    let two = format!("{}\n{}\n", line(1), line(2));
    for cut in [1, 10, two.len() / 2, two.len() - 1] {
        let (head, tail) = two.as_bytes().split_at(cut);
        let packed = [gzip(head), gzip(tail)].concat();
        check("cut", &packed, &[(1, 1), (2, 2)]);
    }
}

#[test]
fn bad_lines_are_told_and_the_rest_goes_on() {
    let mut bytes = Vec::new();
    for part in [
        line(1).as_bytes(),
        b"{\"repo\":",
        b"{\"repo\":\"a/b\"}",
        b"{\"repo\":\"a/b\",\"number\":1,\"title\":\"\xff\"}",
        b"{\"repo\":\"a/b\",\"number\":1,\"draft\":\"no\"}",
        line(2).as_bytes(),
    ] {
        bytes.extend_from_slice(part);
        bytes.push(b'\n');
    }
    let found = read_all(&bytes);
    assert_eq!(found.numbers, [(1, 1), (6, 2)]);
    let told: Vec<(u64, LineErrorKind, Option<&str>)> = found
        .bad
        .iter()
        .map(|bad| (bad.line, bad.kind, bad.field.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (2, LineErrorKind::BadJson, None),
            (3, LineErrorKind::MissingKey, Some("number")),
            (4, LineErrorKind::InvalidUtf8, None),
            (5, LineErrorKind::BadField, Some("draft")),
        ]
    );
    assert_eq!(
        found.bad[3].to_string(),
        "memory:5: draft: invalid type: string \"no\", expected a boolean"
    );
    assert!(
        found.bad[2]
            .excerpt
            .starts_with(r#"{"repo":"a/b","number":1,"title":""#)
    );
}

#[test]
fn a_line_of_200_megabytes_is_one_rejected_line() {
    let before = format!("{}\n", line(1));
    let after = format!("\n{}\n", line(2));
    let long = std::io::repeat(b'x').take(200 << 20);
    let input = std::io::Cursor::new(before)
        .chain(long)
        .chain(std::io::Cursor::new(after));
    let reader = Reader::from_read("memory", Box::new(input), Options::default()).expect("opens");
    let found = drain(reader);
    assert_eq!(found.numbers, [(1, 1), (3, 2)]);
    assert_eq!(found.bad.len(), 1);
    assert_eq!(found.bad[0].kind, LineErrorKind::LineTooLong);
    assert_eq!(found.bad[0].reason, "the line is 209715200 bytes long");
    assert_eq!(found.bad[0].excerpt.len(), 200);
}

#[test]
fn a_cut_file_keeps_what_came_before_the_cut() {
    let lines: Vec<String> = (1..=20_000).map(line).collect();
    let text = lines.join("\n");
    for (format, packed) in [
        ("gzip", gzip(text.as_bytes())),
        ("zstd", zstd(text.as_bytes())),
    ] {
        let found = read_all(&packed[..packed.len() * 9 / 10]);
        let kept = found.numbers.len() as u64;
        assert!(kept > 1_000, "{format}: {kept}");
        assert!(found.bad.is_empty(), "the cut line is no bad line");
        match found.fatal {
            Some(FileError::Truncated {
                format: told,
                lines,
                ..
            }) => {
                assert_eq!((told, lines), (format, kept));
            }
            other => panic!("{format}: {other:?}"),
        }
        // The end mark alone is missing.
        let found = read_all(&packed[..packed.len() - 2]);
        assert!(
            matches!(found.fatal, Some(FileError::Truncated { .. })),
            "{format}: {:?}",
            found.fatal
        );
    }
}

#[test]
fn damage_and_foreign_files_are_told() {
    let text: String = (1..=5_000).map(|number| line(number) + "\n").collect();
    for (format, mut packed) in [
        ("gzip", gzip(text.as_bytes())),
        ("zstd", zstd(text.as_bytes())),
    ] {
        let middle = packed.len() / 2;
        for byte in &mut packed[middle..middle + 64] {
            *byte ^= 0xa5;
        }
        let found = read_all(&packed);
        let is_told = found.fatal.is_some() || !found.bad.is_empty();
        assert!(is_told && found.numbers.len() < 5_000, "{format}");
    }
    for (bytes, looks_like) in [
        (&b"PK\x03\x04rest"[..], "a zip archive"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\xff\xfe{\0", "text in UTF-16"),
    ] {
        let fatal = read_all(bytes).fatal.map(|fatal| fatal.to_string());
        assert_eq!(
            fatal,
            Some(format!(
                "memory looks like {looks_like}; JSON and CSV, plain or with gzip or zstd, are read"
            ))
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let missing = Source::Path(folder.path().join("missing.jsonl"));
    assert!(matches!(
        Reader::open(&missing, Options::default()),
        Err(FileError::Open { .. })
    ));
    let is_a_folder = Source::Path(folder.path().to_owned());
    assert!(matches!(
        Reader::open(&is_a_folder, Options::default()),
        Err(FileError::Read { .. })
    ));
}

#[test]
fn progress_counts_packed_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    // The name says nothing: the content decides.
    let path = folder.path().join("misnamed.txt");
    let text: String = (1..=50_000).map(|number| line(number) + "\n").collect();
    let packed = gzip(text.as_bytes());
    fs::write(&path, &packed).expect("writes");
    let mut reader = Reader::open(&Source::Path(path), Options::default()).expect("opens");
    let progress = reader.progress();
    assert_eq!(progress.total_bytes(), Some(packed.len() as u64));
    assert!(reader.next().is_some());
    assert!(progress.bytes_read() <= packed.len() as u64);
    assert_eq!(reader.by_ref().count(), 49_999);
    assert_eq!(progress.bytes_read(), packed.len() as u64);
}

#[test]
fn the_dash_is_standard_input() {
    assert_eq!(Source::from_argument("-"), Source::Stdin);
    assert_eq!(Source::from_argument("-").name(), "stdin");
    assert_eq!(
        Source::from_argument("./-"),
        Source::Path(PathBuf::from("./-"))
    );
}

#[test]
fn rejects_are_written_only_when_there_are_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rejects.jsonl");
    let writer = RejectsWriter::new(&path);
    assert_eq!(writer.finish().expect("finishes"), 0);
    assert!(!path.exists());

    let mut writer = RejectsWriter::new(&path);
    let found = read_all(b"nonsense\n{\"repo\":\"a/b\"}\n");
    for bad in &found.bad {
        writer.write(bad).expect("writes");
    }
    assert_eq!(writer.finish().expect("finishes"), 2);
    let written = fs::read_to_string(&path).expect("reads");
    assert_eq!(
        written,
        concat!(
            r#"{"file":"memory","line":1,"field":null,"kind":"bad_json","#,
            r#""reason":"not a JSON object","excerpt":"nonsense"}"#,
            "\n",
            r#"{"file":"memory","line":2,"field":"number","kind":"missing_key","#,
            r#""reason":"missing","excerpt":"{\"repo\":\"a/b\"}"}"#,
            "\n",
        )
    );
    let read_back: LineError =
        serde_json::from_str(written.lines().next().expect("a line")).expect("reads");
    assert_eq!(read_back, found.bad[0]);
}

#[test]
fn a_full_disk_does_not_pass_for_a_written_reject() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let mut writer = RejectsWriter::new(full);
    let found = read_all(b"nonsense\n");
    writer.write(&found.bad[0]).expect("is buffered");
    assert!(matches!(writer.finish(), Err(FileError::Rejects { .. })));
}

#[test]
fn real_records_are_all_read() {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("prs.jsonl.gz");
    if !path.exists() {
        eprintln!("skipped: the development data is not here");
        return;
    }
    let found = drain(Reader::open(&Source::Path(path), Options::default()).expect("opens"));
    assert!(found.fatal.is_none() && found.bad.is_empty(), "{found:?}");
    assert_eq!(found.numbers.len(), 3_817);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the bytes, the reader ends without a panic.
    #[test]
    fn byte_soup_does_no_harm(
        soup in prop::collection::vec(any::<u8>(), 0..2_000),
        magic in prop::sample::select(vec![
            &b""[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf", b"{\"repo\":\"a/b\",\"number\":",
        ]),
        line_bytes_max in 0_usize..300,
    ) {
        let bytes = [magic, &soup].concat();
        let found = read(&bytes, Options { line_bytes_max });
        prop_assert!(found.numbers.len() + found.bad.len() <= bytes.len());
    }

    /// Damage to a packed file is told, or did no harm.
    #[test]
    fn damaged_packing_is_told(position in any::<prop::sample::Index>(), flip in 1_u8..=255, packs_gzip: bool) {
        let text: String = (1..=200).map(|number| line(number) + "\n").collect();
        let mut packed = if packs_gzip { gzip(text.as_bytes()) } else { zstd(text.as_bytes()) };
        let position = position.index(packed.len());
        packed[position] ^= flip;
        let found = read_all(&packed);
        if found.fatal.is_none() && found.bad.is_empty() {
            let all: Vec<(u64, u64)> = (1..=200).map(|number| (number, number)).collect();
            prop_assert_eq!(found.numbers, all);
        }
    }

    /// A record that is written as a line comes back, whatever its text.
    #[test]
    fn records_come_back(title in ".{0,80}", body in prop::option::of(any::<String>()), number in 1_u64..1_000_000) {
        let record = serde_json::json!({"repo": "a/b", "number": number, "title": title, "body": body});
        let found = read_all(format!("{record}\n").as_bytes());
        prop_assert_eq!(found.numbers, vec![(1, number)]);
    }
}
