//! `counterpart device list`

use counterpart_node::now;
use serde_json::json;

use super::super::agent::list::{as_json, line_of};
use crate::{error::Done, render, session::Session, when};

/// List your machines: their rights, since when, where they say to be reached
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let (devices, addresses) = (desk.agents()?, desk.device_addresses()?);
    let (terminal, party) = (session.terminal, desk.party().to_hex());
    if terminal.json {
        let devices: Vec<_> = devices
            .iter()
            .map(|device| {
                let mut value = as_json(device);
                value["addresses"] = json!(addresses.get(&device.device).cloned().unwrap_or_default());
                value
            })
            .collect();
        return terminal.json(&json!({
            "schema": "counterpart/devices/1",
            "party": party,
            "admin": desk.is_admin(),
            "devices": devices,
        }));
    }
    let (zone, now) = (when::system_zone(), now());
    for device in &devices {
        terminal.data(&line_of(device, &zone, now, terminal.columns()))?;
        let known = addresses.get(&device.device).filter(|_| device.stands() && !device.here);
        for address in known.into_iter().flatten() {
            terminal.data(&format!("    {}", render::line(address)))?;
        }
    }
    if desk.is_admin() {
        terminal.say("A further one: `counterpart up --mailbox` there, then counterpart device add LINE here.");
    } else {
        terminal.say("This machine adds no others: that is done where the identity is.");
    }
    Ok(())
}
