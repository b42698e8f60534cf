//! A protocol's part in one connection, which can be shut and opened.

use std::{
    fmt,
    task::{Context, Poll},
};

use libp2p::{
    Stream,
    core::upgrade::{InboundUpgrade, UpgradeInfo},
    dcutr,
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol,
        handler::{
            ConnectionEvent, FullyNegotiatedInbound, InboundUpgradeSend, ListenUpgradeError, ProtocolsChange,
            UpgradeInfoSend,
        },
    },
};

/// While it is shut the protocol is not offered, nothing of what it wants happens, and it keeps no connection.
pub(crate) struct Gated<H> {
    inner: H,
    open: bool,
    /// What the other end speaks was told once.
    told: bool,
    /// Since then it has begun to speak the protocol that this is about.
    spoken: bool,
}

impl<H> Gated<H> {
    pub(crate) fn new(inner: H, open: bool) -> Self {
        Self { inner, open, told: false, spoken: false }
    }
}

/// To a gated protocol.
pub(crate) enum Turn<H, E> {
    Open(bool),
    /// Begins anew, with what is known by now.
    Anew(H),
    Inner(E),
}

impl<H, E: fmt::Debug> fmt::Debug for Turn<H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(open) => f.debug_tuple("Open").field(open).finish(),
            Self::Anew(_) => f.debug_tuple("Anew").finish(),
            Self::Inner(event) => f.debug_tuple("Inner").field(event).finish(),
        }
    }
}

/// From a gated protocol.
#[derive(Debug)]
pub(crate) enum Told<E> {
    /// The other end has begun to speak it.
    Spoken,
    Inner(E),
}

impl<H: ConnectionHandler> ConnectionHandler for Gated<H> {
    type FromBehaviour = Turn<H, H::FromBehaviour>;
    type ToBehaviour = Told<H::ToBehaviour>;
    type InboundProtocol = Offered<H::InboundProtocol>;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        let open = self.open;
        self.inner.listen_protocol().map_upgrade(|inner| Offered { inner, open })
    }

    fn connection_keep_alive(&self) -> bool {
        // None of these protocols is a reason to keep a connection: what they do takes seconds.
        false
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        if std::mem::take(&mut self.spoken) {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Told::Spoken));
        }
        if self.open { self.inner.poll(cx).map(|event| event.map_custom(Told::Inner)) } else { Poll::Pending }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.inner.poll_close(cx).map(|event| event.map(Told::Inner))
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {
            Turn::Open(open) => self.open = open,
            Turn::Anew(inner) => (self.inner, self.open) = (inner, true),
            Turn::Inner(event) => self.inner.on_behaviour_event(event),
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        if let ConnectionEvent::RemoteProtocolsChange(ProtocolsChange::Added(added)) = &event {
            // What is spoken from the beginning is found out by beginning.
            self.spoken |= self.told && added.clone().any(|name| *name == dcutr::PROTOCOL_NAME);
            self.told = true;
        }
        let event = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info }) => {
                if !self.open {
                    return;
                }
                ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info })
            }
            ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error }) => {
                ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error })
            }
            ConnectionEvent::FullyNegotiatedOutbound(event) => ConnectionEvent::FullyNegotiatedOutbound(event),
            ConnectionEvent::DialUpgradeError(event) => ConnectionEvent::DialUpgradeError(event),
            ConnectionEvent::AddressChange(event) => ConnectionEvent::AddressChange(event),
            ConnectionEvent::LocalProtocolsChange(event) => ConnectionEvent::LocalProtocolsChange(event),
            ConnectionEvent::RemoteProtocolsChange(event) => ConnectionEvent::RemoteProtocolsChange(event),
            // The enum may grow; none of these protocols would know of it.
            _ => return,
        };
        self.inner.on_connection_event(event);
    }
}

/// What is offered to the other end: nothing while the gate is shut.
#[derive(Debug, Clone)]
pub(crate) struct Offered<U> {
    inner: U,
    open: bool,
}

impl<U: UpgradeInfoSend> UpgradeInfo for Offered<U> {
    type Info = U::Info;
    type InfoIter = std::vec::IntoIter<U::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        let names: Vec<U::Info> = if self.open { self.inner.protocol_info().collect() } else { Vec::new() };
        names.into_iter()
    }
}

impl<U: InboundUpgradeSend> InboundUpgrade<Stream> for Offered<U> {
    type Output = U::Output;
    type Error = U::Error;
    type Future = U::Future;

    fn upgrade_inbound(self, socket: Stream, info: Self::Info) -> Self::Future {
        self.inner.upgrade_inbound(socket, info)
    }
}
