//! Reads a result file as it arrives, in pages of lines.

use futures_util::stream;
use futures_util::{Stream, StreamExt};

use super::caller::OpenFile;
use super::error::from_transport;
use super::lines::{Cut, MAX_LINE_BYTES};
use super::reader::too_long_line;
use super::{ProviderError, ResultLine, ResultStream};

/// The lines of an opened file, each read by `parse`, which returns `None` for blank ones.
pub(super) fn result_lines(
    provider: &str,
    opened: OpenFile,
    parse: fn(&[u8]) -> Option<ResultLine>,
) -> ResultStream {
    pages(provider.to_owned(), opened, parse).boxed()
}

fn pages(
    provider: String,
    opened: OpenFile,
    parse: fn(&[u8]) -> Option<ResultLine>,
) -> impl Stream<Item = Result<Vec<ResultLine>, ProviderError>> {
    stream::unfold(Some(opened), move |reading| {
        let provider = provider.clone();
        async move {
            let (mut body, mut cutter) = reading?;
            match body.next().await {
                Some(Ok(chunk)) => {
                    let lines = read(cutter.push(&chunk), parse);
                    Some((Ok(lines), Some((body, cutter))))
                }
                Some(Err(error)) => {
                    let error = from_transport(&provider, "read a result file", &error);
                    Some((Err(error), None))
                }
                None => Some((Ok(read(cutter.finish(), parse)), None)),
            }
        }
    })
}

fn read(
    cuts: impl IntoIterator<Item = Cut>,
    parse: fn(&[u8]) -> Option<ResultLine>,
) -> Vec<ResultLine> {
    let lines = cuts.into_iter().filter_map(|cut| match cut {
        Cut::Line(line) => parse(&line),
        Cut::TooLong => Some(too_long_line(MAX_LINE_BYTES)),
    });
    lines.collect()
}
