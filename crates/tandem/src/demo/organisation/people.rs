//! The people of the made-up company. Any likeness to a real person is chance.

use super::chance::Chance;

/// How many people each team has.
pub(super) const TEAM_SIZE: usize = 13;

/// Who works there, by team: given name and family name.
///
/// Some are named like tools or like bots, because people are.
pub(super) const ROSTERS: [[(&str, &str); TEAM_SIZE]; 6] = [
    [
        ("Odalys", "Varga"),
        ("Tobin", "Ashgrove"),
        ("Rae", "Abbott"),
        ("Ilse", "Quennell"),
        ("Marek", "Holub"),
        ("Nadia", "Ferran"),
        ("Suri", "Pellworth"),
        ("Emeka", "Udall"),
        ("Wren", "Castellan"),
        ("Yuki", "Morrow"),
        ("Bastian", "Thorne"),
        ("Leda", "Ostrander"),
        ("Hana", "Birkett"),
    ],
    [
        ("Kit", "Talbot"),
        ("Anselm", "Rourke"),
        ("Priska", "Dahlgren"),
        ("Cody", "Lindqvist"),
        ("Ravi", "Menonkar"),
        ("Thea", "Brandvold"),
        ("Oskar", "Fennimore"),
        ("Imani", "Sollers"),
        ("Petra", "Novotna"),
        ("Gil", "Aramburu"),
        ("Solveig", "Haugen"),
        ("Dario", "Quispel"),
        ("Maeve", "Corrigan"),
    ],
    [
        ("Claude", "Marchetti"),
        ("Freya", "Lundmark"),
        ("Tomas", "Ribeira"),
        ("Aiko", "Hadley"),
        ("Zeno", "Papadakis"),
        ("Lior", "Benshaw"),
        ("Corin", "Wexley"),
        ("Noor", "Haddadi"),
        ("Ester", "Kallio"),
        ("Vikram", "Sethna"),
        ("Paloma", "Iturbe"),
        ("Hugo", "Merriweather"),
        ("Signe", "Aaberg"),
    ],
    [
        ("Amara", "Nwosu"),
        ("Felix", "Drummond"),
        ("Katya", "Orlovska"),
        ("Joss", "Penhale"),
        ("Beatriz", "Salgado"),
        ("Charlie", "Renn"),
        ("Idris", "Calloway"),
        ("Mireille", "Sand"),
        ("Otto", "Vanterpool"),
        ("Lucja", "Zawada"),
        ("Samir", "Khalidi"),
        ("Greta", "Ingvarsson"),
        ("Neve", "Harcourt"),
    ],
    [
        ("Jules", "Tamm"),
        ("Dagny", "Ekholm"),
        ("Ronan", "Tierney"),
        ("Farah", "Aslanova"),
        ("Pascal", "Duvernay"),
        ("Keiko", "Ashdown"),
        ("Elio", "Santangelo"),
        ("Vesna", "Petrik"),
        ("Alder", "Whitlock"),
        ("Zaria", "Mokoena"),
        ("Theo", "Lambrakis"),
        ("Ines", "Carvalhal"),
        ("Bram", "Oosterveld"),
    ],
    [
        ("Devin", "Okafor"),
        ("Margit", "Szalay"),
        ("Ewan", "Strathcairn"),
        ("Yara", "Bensalem"),
        ("Ludo", "Van Acker"),
        ("Simone", "Perrault"),
        ("Anders", "Kvist"),
        ("Chidi", "Ezenwa"),
        ("Ruth", "Applewhite"),
        ("Mateus", "Lacerda"),
        ("Ona", "Jurgaite"),
        ("Piers", "Holloway"),
        ("Tilda", "Bergqvist"),
    ],
];

/// Given names that are also names of tools.
pub(super) const NAMED_LIKE_A_TOOL: [&str; 5] = ["Claude", "Devin", "Jules", "Cody", "Charlie"];
/// Family names that contain the letters of "bot".
pub(super) const NAMED_LIKE_A_BOT: [&str; 2] = ["Abbott", "Talbot"];

/// Ids above every id that accounts have so far, so that none is a real one.
const FIRST_ACCOUNT_ID: u64 = 7_000_000_000;

/// A person of a team, with the habits the clocks and the adoption curve need.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Given name.
    pub(super) given: &'static str,
    /// Given and family name.
    pub(super) name: String,
    /// Account name.
    pub(super) login: String,
    /// Work address; the top-level domain is reserved for examples.
    pub(super) email: String,
    /// Account id.
    pub(super) id: u64,
    /// How much they open, against a colleague's 1.
    pub(super) activity: f64,
    /// How readily they take up AI, against the team's 1.
    pub(super) affinity: f64,
    /// Their own effect on ln(cycle).
    pub(super) log_cycle: f64,
    /// Index of the repository they mostly work in.
    pub(super) home: usize,
}

/// The people of one team. `affinity_spread` is the distance of the keenest from the average.
pub(super) fn people_of(
    team_index: usize,
    repositories: usize,
    affinity_spread: f64,
    chance: &mut Chance,
) -> Vec<Person> {
    let mut people = Vec::with_capacity(TEAM_SIZE);
    for (index, (given, family)) in ROSTERS[team_index].iter().enumerate() {
        let handle = format!("{given}-{family}").to_lowercase().replace(' ', "-");
        people.push(Person {
            given,
            name: format!("{given} {family}"),
            login: format!("{handle}_qf"),
            email: format!("{}@quillfern.example", handle.replacen('-', ".", 1)),
            id: FIRST_ACCOUNT_ID + (team_index * TEAM_SIZE + index) as u64,
            activity: chance.lognormal(1.0, 0.35).clamp(0.5, 1.9),
            affinity: 1.0 + affinity_spread * (2.0 * chance.unit() - 1.0),
            log_cycle: 0.3 * chance.normal(),
            home: index % repositories,
        });
    }
    people
}
