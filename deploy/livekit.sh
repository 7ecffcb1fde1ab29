#!/bin/sh
# livekit.sh CERTIFICATES COMMAND…: starts LiveKit (COMMAND), with VISAVIS_TURN=true once Caddy has a
# certificate for LIVEKIT_TURN_DOMAIN in its folder CERTIFICATES. Without the files LiveKit ends at once.
certificates=$1
shift

newest() { # of those that an authority gave; Caddy's own are in `local`
    ls -t "$certificates"/*/"$LIVEKIT_TURN_DOMAIN/$LIVEKIT_TURN_DOMAIN.crt" 2>/dev/null |
        grep -v "^$certificates/local/" | head -n 1
}

case $LIVEKIT_TURN_ENABLED in
'' | 0 | [fF] | false | False | FALSE) exec "$@" ;;
esac

if [ "$VISAVIS_TLS" = internal ]; then
    echo "visavis: VISAVIS_TURN=true needs VISAVIS_TLS=<your e-mail address>, for a certificate of" \
        "Let's Encrypt: browsers take no other for TURN" >&2
    exit 1
fi
until certificate=$(newest) && [ -s "$certificate" ] && [ -s "${certificate%.crt}.key" ]; do
    echo "visavis: LiveKit waits until Caddy has a certificate for $LIVEKIT_TURN_DOMAIN" \
        "(docker compose --profile tls up; its log says what is in the way)" >&2
    sleep 5
done
export LIVEKIT_TURN_CERT="$certificate" LIVEKIT_TURN_KEY="${certificate%.crt}.key"
exec "$@"
