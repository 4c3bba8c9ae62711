#![doc = include_str!("../README.md")]

mod calendar;
mod change_type;
mod clocks;
mod definitions;
mod measure;
mod observations;
mod people;
mod reverts;
mod reviews;
mod size;
mod subset;
mod timeline;

pub use calendar::Calendar;
pub use change_type::{change_type_of_title, change_type_of_word, change_type_word};
pub use clocks::{Clock, seconds_between};
pub use definitions::{Definition, Metric, Unit};
pub use measure::{Measures, VERSION, measure};
pub use observations::{Arm, Code, Dictionary, Moment, Observation, Observations};
pub use people::{Account, People, is_marked_bot, person_of};
pub use reverts::{Revert, revert_of, title_code};
pub use reviews::{ReviewMeasures, reviews_of};
pub use size::{SizeBucket, is_generated, size_lines};
pub use timeline::{Timeline, timeline_of};
