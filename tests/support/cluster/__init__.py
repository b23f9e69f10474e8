"""A whole cluster on one machine, without Docker: what scripts/cluster and the drills stand on.

    from cluster import Cluster
    with Cluster.temporary(is_small=True) as cluster:      # its own folder, down at the end
        cluster.nodes["engine:0"].kill()
        cluster.leader(), cluster.redis_masters(), cluster.url
"""
from .cluster import Cluster
from .processes import ClusterError

__all__ = ["Cluster", "ClusterError"]
