//! `counterpart mcp`

use crate::{
    error::{CommandError, Done},
    session::{Session, runtime},
};

/// Let an assistant program read your cases and prepare what you sign, by the Model Context Protocol on its standard input
/// and output
///
/// The program is told whatever is in your cases. It can read, search, and show the exact text of what would be signed;
/// nothing leaves this machine through it, and signing stays with you. With --draft it may write into the worksheets, which
/// the other side reads. Only at an agent's seat, with --sign, it may sign as that agent: kinds of act that the seat's rights
/// or mandate list, and agreements up to its ceiling. Register it there as the command `counterpart mcp`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The agent's seat at which the program sits, by name: see `counterpart seat list`
    #[arg(long, value_name = "NAME")]
    seat: Option<String>,
    /// Let it write into the worksheets: what it writes is sent to the other side of that case at once
    #[arg(long)]
    draft: bool,
    /// Let it sign as that agent, within its mandate
    #[arg(long)]
    sign: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let seat = args.seat.as_ref().or(session.seat.as_ref());
    if args.sign && seat.is_none() {
        return Err(CommandError::usage("a program signs only as an agent, at a seat of its own")
            .hint("name the seat with --seat; `counterpart seat add` makes one, with the rights it may have"));
    }
    let desk = match (&args.seat, &session.seat) {
        (Some(_), Some(_)) => return Err(CommandError::usage("name the seat once: with --seat")),
        (Some(name), None) => session.desk()?.at_seat(name)?,
        (None, _) => session.desk()?,
    };
    let may = counterpart_mcp::May { draft: args.draft, sign: args.sign };
    let served = counterpart_mcp::serve(desk, may, tokio::io::stdin(), tokio::io::stdout());
    let runtime = runtime()?;
    let ended = runtime.block_on(served).map_err(|why| CommandError::failed(why.to_string()));
    // A reader that still waits on standard input is not waited for.
    runtime.shutdown_background();
    ended
}
