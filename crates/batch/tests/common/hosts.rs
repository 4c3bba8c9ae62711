//! Every host that the emulator can stand for, under its own name.

use batch::Providers;
use batch::provider::{Connection, Profile, connect};

use super::World;

/// The names, and where the emulator serves them.
const HOSTS: &[(&str, &str)] = &[
    ("groq", "http://emulator/openai/v1"),
    ("groq-sync", "http://emulator/openai/v1"),
];

/// Providers as a new process would set them up.
pub(crate) fn providers(world: &World) -> Providers {
    let mut providers = Providers::new();
    for (name, address) in HOSTS {
        let profile = Profile::named(name).expect("a host").at(address);
        let connection = Connection {
            key: Some("test-key".to_owned().into()),
            transport: world.transport.clone(),
            retry: world.settings.retry.clone(),
            spool: world.spool.path().join(name),
            clock: world.clock.clone(),
        };
        let provider = connect(profile, connection).expect("connects");
        providers.insert((*name).to_owned(), provider);
    }
    providers
}
