import { once } from "node:events"; import { createServer, type Socket } from "node:net"; import { listen } from "@godwit/channel";
const chunkBytes=1024*1024; const listener=await listen({host:"127.0.0.1",port:0}); let rawBytes=0;
const rot=Number(process.env["ROT"]??1);const bufs=Array.from({length:rot},()=>Buffer.alloc(chunkBytes,7));
const server=createServer((s:Socket)=>void sendRaw(s,rawBytes)).listen(0,"127.0.0.1");await once(server,"listening");
process.on("message",(o:any)=>{if(o.kind==="raw")rawBytes=o.sizeBytes;else if(o.kind==="channel")void send(o);process.send?.({cpu:process.cpuUsage()})});
process.once("disconnect",()=>{server.close();void listener.close()});
process.send?.({rawPort:(server.address() as any).port,channelPort:listener.port});
async function sendRaw(s:Socket,size:number){let i=0;for(let sent=0;sent<size;sent+=chunkBytes){s.write(bufs[i++%rot]!);if(s.writableLength>=chunkBytes)await once(s,"drain")}s.end()}
async function send({migration,sizeBytes}:any){await using c=listener.open({migration,device:"ram",stream:0,ticket:"t"});for(let sent=0;sent<sizeBytes;sent+=chunkBytes)await c.write(c.allocate(chunkBytes));c.end({digest:"none"});await c.acknowledged()}
