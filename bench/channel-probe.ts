import { fork } from "node:child_process"; import { once } from "node:events"; import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { dial } from "@godwit/channel"; import { entry, nodeArguments } from "@godwit/launch";
const sizeBytes=2*1024**3, rounds=Number(process.env["ROUNDS"]??5);
const source=fork(entry(import.meta.url,"./channel-probe-source"),{execArgv:[...nodeArguments(),...(process.env["SPROF"]?["--cpu-prof","--cpu-prof-dir=/tmp/prof-s"]:[])]});
const [ready]:any=await once(source,"message");
const order=async(o:any)=>{source.send(o);const [m]:any=await once(source,"message");return m};
async function raw(){await order({kind:"raw",sizeBytes});let bytes=0;const buffer=Buffer.alloc(256*1024);let reads=0;const s=connect({host:"127.0.0.1",port:ready.rawPort,onread:{buffer,callback:(c:number)=>{bytes+=c;reads++;return true}}});await once(s,"close");return reads}
async function chan(m:string){await order({kind:"channel",sizeBytes,migration:m});await using c=dial({host:"127.0.0.1",port:ready.channelPort,migration:m,device:"ram",stream:0,ticket:"t"});for await(const i of c){if(i.type==="end")break}for await(const _ of c){}return c.stats()}
async function measured(f:()=>Promise<any>){const s0=await order({kind:"cpu"});const r0=process.cpuUsage();const t=performance.now();const x=await f();const dt=performance.now()-t;const r=process.cpuUsage(r0);const s1=await order({kind:"cpu"});const g=sizeBytes/1e9;return{gbps:g/dt*1e3,su:(s1.cpu.user-s0.cpu.user)/1e6/g,ss:(s1.cpu.system-s0.cpu.system)/1e6/g,ru:r.user/1e6/g,rs:r.system/1e6/g}}
const med=(l:number[])=>l.toSorted((a,b)=>a-b)[l.length>>1]!;
const A:any[]=[],B:any[]=[];await raw();await chan("w");
for(let i=0;i<rounds;i++){A.push(await measured(raw));B.push(await measured(()=>chan("r"+i)));}
for(const [n,l] of [["raw",A],["chan",B]] as const)console.log(n.padEnd(5),["gbps","su","ss","ru","rs"].map(k=>k+" "+med(l.map((x:any)=>x[k])).toFixed(3)).join("  "));
console.log("ratio",med(A.map((a,i)=>B[i].gbps/a.gbps)).toFixed(3),"all",A.map((a,i)=>(B[i].gbps/a.gbps).toFixed(2)).join(" "),"load",readFileSync("/proc/loadavg","utf8").slice(0,4));
source.disconnect();
