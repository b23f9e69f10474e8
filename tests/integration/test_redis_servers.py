"""The servers of the tests do what the tests believe of them."""
import os
import subprocess
import sys
import unittest

from redis_servers import RedisCluster, RedisServer, until


class Servers(unittest.TestCase):
    def test_data_survives_a_kill_only_if_it_is_kept(self):
        for keeps in (True, False):
            with RedisServer(append_only=keeps) as server:
                server.cli("SET", "k", "v")
                server.kill()
                self.assertFalse(server.is_running())
                server.start()
                self.assertEqual(server.cli("GET", "k"), "v" if keeps else "")

    def test_password_and_tls(self):
        with RedisServer(password="secret", tls=True) as server:
            self.assertEqual(server.cli("SET", "k", "v"), "OK")
            self.assertTrue(server.url.startswith("rediss://:secret@127.0.0.1:"))
            server.password = "wrong"
            with self.assertRaisesRegex(RuntimeError, "WRONGPASS|NOAUTH"):
                server.cli("GET", "k")
            folder = server.folder
        self.assertFalse(os.path.exists(folder))

    def test_a_server_ends_with_the_test_that_crashes(self):
        program = ("from redis_servers import RedisServer; import os\n"
                   "server = RedisServer(); print(server.process.pid, server.folder, flush=True)\n"
                   "os.abort()")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              cwd=os.path.dirname(os.path.abspath(__file__)), check=False)
        self.assertNotEqual(done.returncode, 0)
        pid, folder = done.stdout.split()
        until(lambda: not os.path.exists(f"/proc/{pid}/exe"), "the server has ended")
        subprocess.run(["rm", "-r", folder], check=True)

    def test_cluster_moves_slots_and_elects_a_master(self):
        with RedisCluster() as cluster:
            self.assertEqual(len(cluster.masters()), 3)
            source = cluster.master_of_key("k")
            source.cli("SET", "k", "v")
            target = next(node for node in cluster.masters() if node is not source)
            cluster.move_slot(int(source.cli("CLUSTER", "KEYSLOT", "k")), target)
            self.assertIs(cluster.master_of_key("k"), target)
            self.assertEqual(target.cli("GET", "k"), "v")
            cluster.wait_until_healthy()
            target.kill()
            until(lambda: cluster.master_of_key("k") not in (None, target), "another master")
            self.assertEqual(cluster.master_of_key("k").cli("GET", "k"), "v")
            target.start()
            cluster.wait_until_healthy()


if __name__ == "__main__":
    unittest.main()
