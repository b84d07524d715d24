#!/bin/sh
# Writes cassandra.yaml from the environment, then runs the node in the foreground. Arguments go to the JVM.
#   JVM_OPTIONS               the heap (-Xms512m -Xmx1g)
#   JVM_EXTRA_OPTS            as in the official image; -Dcassandra.settings.NAME=VALUE changes cassandra.yaml
#   CASSANDRA_KEYSTORE, CASSANDRA_KEYSTORE_PASSWORD  a PKCS#12 file: clients must speak TLS
#   CASSANDRA_ADDRESS, CASSANDRA_SEEDS  for clusters; otherwise the container's own address
#   CASSANDRA_NUM_TOKENS      1
#   CASSANDRA_AUTO_BOOTSTRAP  true
set -eu
address=${CASSANDRA_ADDRESS:-$(hostname -i | cut -d' ' -f1)}
home=/opt/cassandra

cat >conf/cassandra.yaml <<END
cluster_name: iotflow-test
num_tokens: ${CASSANDRA_NUM_TOKENS:-1}
auto_bootstrap: ${CASSANDRA_AUTO_BOOTSTRAP:-true}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: periodic
commitlog_sync_period: 10000ms
disk_failure_policy: stop
commit_failure_policy: stop
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "${CASSANDRA_SEEDS:-$address:7000}"}]
listen_address: $address
rpc_address: $address
native_transport_port: 9042
storage_port: 7000
start_native_transport: true
endpoint_snitch: SimpleSnitch
auto_snapshot: false
END
if [ -n "${CASSANDRA_KEYSTORE:-}" ]; then
  cat >>conf/cassandra.yaml <<END
client_encryption_options:
  enabled: true
  optional: false
  keystore: $CASSANDRA_KEYSTORE
  keystore_password: $CASSANDRA_KEYSTORE_PASSWORD
  store_type: PKCS12
END
fi

exports='java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch
  java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server
  java.sql/java.sql jdk.unsupported/sun.misc'
opens='java.base/java.lang.module java.base/jdk.internal.loader java.base/jdk.internal.ref java.base/jdk.internal.reflect
  java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.util.jar
  jdk.management/com.sun.management.internal java.base/sun.nio.ch java.base/java.io java.base/java.lang
  java.base/java.util java.base/java.nio'
modules=
for package in $exports; do modules="$modules --add-exports=$package=ALL-UNNAMED"; done
for package in $opens; do modules="$modules --add-opens=$package=ALL-UNNAMED"; done

# A node alone waits for nobody.
waits='-Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=0'
[ -z "${CASSANDRA_SEEDS:-}" ] || [ "$CASSANDRA_SEEDS" = "$address:7000" ] ||
  waits='-Dcassandra.ring_delay_ms=5000 -Dcassandra.consistent.rangemovement=false'

data=/var/lib/cassandra
# shellcheck disable=SC2086  # these are lists of words
exec java -javaagent:lib/jamm-0.4.0.jar ${JVM_OPTIONS:--Xms512m -Xmx1g} ${JVM_EXTRA_OPTS:-} \
  -Djdk.attach.allowAttachSelf=true -Dio.netty.tryReflectionSetAccessible=true \
  -Dcassandra.config=file://$home/conf/cassandra.yaml -Dcassandra.storagedir=$data -Dcassandra.logdir=$data \
  -Dcassandra-foreground=yes -Dcassandra.superuser_setup_delay_ms=0 \
  -Dlogback.configurationFile=$home/conf/logback.xml \
  $waits $modules "$@" -cp 'conf:lib/*' org.apache.cassandra.service.CassandraDaemon
